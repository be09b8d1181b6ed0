using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <content>Matches: which packets go on in a rule and which go on to the next one.</content>
public sealed partial class PacketWalker
{
    private void Match(RuleStep step, WalkState state, List<WalkState> passed, List<WalkState> failed)
    {
        switch (step)
        {
            case RuleStep.AddressMatch { Field: PacketField.Source } match:
                SplitSource(state, match.Ranges.AsSpan(), match.IsNegated, passed, failed);
                break;
            case RuleStep.AddressMatch match:
                Decide(Contains(match.Ranges.AsSpan(), state.Destination) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.ProtocolMatch match:
                Decide((match.Protocol == state.Protocol) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.PortMatch match:
                ushort port = match.Field == PacketField.SourcePort ? state.SourcePort : state.DestinationPort;
                Decide((port >= match.First && port <= match.Last) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.InterfaceMatch match:
                MatchInterface(match, state, passed, failed);
                break;
            case RuleStep.MarkMatch match:
                Decide(((state.Mark & match.Mask) == match.Value) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.StateMatch match:
                Decide(((state.States & match.States) != ConnectionStates.None) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.LocalMatch { Field: PacketField.Source } match:
                SplitSource(state, _localRanges, match.IsNegated, passed, failed);
                break;
            case RuleStep.LocalMatch match:
                Decide(node.IsLocal(state.Destination) != match.IsNegated, state, passed, failed);
                break;
            case RuleStep.RandomMatch match:
                AddLikely(state with { Probability = state.Probability * match.Probability }, passed);
                AddLikely(state with { Probability = state.Probability * (1 - match.Probability) }, failed);
                break;
            case RuleStep.KnownClientMatch match:
                // The client is new; that it would be remembered is part of the outcome.
                failed.Add(state with { AffinitySeconds = match.Seconds });
                break;
            case RuleStep.SetMatch match:
                MatchSet(match, state, passed, failed);
                break;
            default:
                passed.Add(state with { IsUncertain = true });
                failed.Add(state with { IsUncertain = true });
                break;
        }
    }

    private static void Decide(bool isMatch, WalkState state, List<WalkState> passed, List<WalkState> failed) =>
        (isMatch ? passed : failed).Add(state);

    private static void AddLikely(WalkState state, List<WalkState> states)
    {
        if (state.Probability > 0)
        {
            states.Add(state);
        }
    }

    private static bool Contains(ReadOnlySpan<AddressRange> ranges, IpAddress address)
    {
        UInt128 bits = address.ToBits();
        foreach (AddressRange range in ranges)
        {
            if (range.Contains(bits))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sends the sources inside some ranges one way and the others the other way.</summary>
    private static void SplitSource(WalkState state, ReadOnlySpan<AddressRange> ranges, bool isNegated, List<WalkState> passed, List<WalkState> failed)
    {
        List<AddressRange> inside = [];
        List<AddressRange> outside = [];
        AddressRanges.Split(state.Source, ranges, inside, outside);
        foreach (AddressRange range in inside)
        {
            (isNegated ? failed : passed).Add(state with { Source = range });
        }

        foreach (AddressRange range in outside)
        {
            (isNegated ? passed : failed).Add(state with { Source = range });
        }
    }

    private static void MatchInterface(RuleStep.InterfaceMatch match, WalkState state, List<WalkState> passed, List<WalkState> failed)
    {
        if (IsUnclear(match, state))
        {
            passed.Add(state with { IsUncertain = true });
            failed.Add(state with { IsUncertain = true });
            return;
        }

        string name = match.IsInput ? state.InputInterface : state.OutputInterface;
        bool isSame = match.IsPrefix
            ? name.StartsWith(match.Name, StringComparison.Ordinal)
            : string.Equals(name, match.Name, StringComparison.Ordinal);
        Decide(isSame != match.IsNegated, state, passed, failed);
    }

    private static void MatchSet(RuleStep.SetMatch match, WalkState state, List<WalkState> passed, List<WalkState> failed)
    {
        int sourcePosition = match.Key.AsSpan().IndexOf(new KeyPart(PacketField.Source));
        if (sourcePosition < 0)
        {
            bool isIn = match.Set.Contains(Key(match.Key, state, 0, except: -1));
            Decide(isIn != match.IsNegated, state, passed, failed);
            return;
        }

        string rest = Key(match.Key, state, 0, except: sourcePosition);
        AddressRange[] members = [.. match.Set.AddressesWith(sourcePosition, rest).Select(AddressRange.Of)];
        SplitSource(state, members, match.IsNegated, passed, failed);
    }
}
