using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Walk;

/// <content>Matches that cannot be decided.</content>
public sealed partial class PacketWalker
{
    /// <summary>
    /// The steps of a rule, those that can be decided before the matches that cannot: a rule that surely does not match is
    /// not a doubt.
    /// </summary>
    private static EquatableArray<RuleStep> InOrderOfCertainty(WalkRule rule, WalkState state)
    {
        bool hasUnclear = false;
        foreach (RuleStep step in rule.Steps)
        {
            hasUnclear |= IsUnclear(step, state);
        }

        return hasUnclear
            ? EquatableArray.Adopt<RuleStep>([.. rule.Steps.AsSpan().ToArray().OrderBy(step => !IsMatch(step) ? 2 : IsUnclear(step, state) ? 1 : 0)])
            : rule.Steps;
    }

    private static bool IsUnclear(RuleStep step, WalkState state) => step switch
    {
        RuleStep.UnknownMatch => true,
        RuleStep.InterfaceMatch match => (match.IsInput ? state.InputInterface : state.OutputInterface) == WalkPacket.UnknownInterface,
        _ => false,
    };

    /// <summary>Notes a rule that may match, on the way of the packet that it matches and of the one that it does not.</summary>
    private static WalkState Doubted(Place place, int position, WalkRule rule, WalkState state) => state with
    {
        Trace = new(
            new(place.Hook, place.Table.Name, place.Chain.Name, position + 1, rule.Text, rule.Comment, "may match")
            {
                Source = rule,
                Packet = state,
                IsInBaseChain = place.Chain.Hook is not null,
                IsDoubtful = true,
            },
            state.Trace),
    };
}
