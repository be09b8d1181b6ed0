using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Tries Services without any others, in rules made anew: nothing that they build on can be missing there.</summary>
/// <param name="state">The cluster state.</param>
/// <param name="settings">The present settings of a family.</param>
internal sealed class ServiceTrial(ClusterState state, Func<IpFamily, NodeSettings> settings)
{
    /// <summary>Calls at a time where many groups are tried: iptables-nft-restore mostly waits for the kernel.</summary>
    private const int SideBySide = 4;

    /// <summary>Tries the present versions of Services, also of those that are held back.</summary>
    /// <param name="services">The Services; all of them are held back, or none.</param>
    /// <param name="applier">Tries the rules of its family.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<ApplyResult> TryAsync(NamespacedName[] services, IRuleApplier applier, CancellationToken cancellation) =>
        applier.TryAsync(RulesOf(services)[applier.Family], cancellation);

    /// <summary>Tries groups of Services that are held back, in several calls side by side, each up to the first group that is refused.</summary>
    /// <param name="groups">The groups, without a Service in common; one at least.</param>
    /// <param name="families">The families to try them in, whose appliers have <see cref="IRuleApplier.GroupTrials"/>; one at least.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<TriedGroups[]> TryManyAsync(IReadOnlyList<NamespacedName[]> groups, FamilySync[] families, CancellationToken cancellation)
    {
        (NamespacedName[] Group, RuleModelSnapshot Rules)[] all = [.. groups.Select(group => (group, RulesOf(group)))];
        return Task.WhenAll(all.Chunk((all.Length + SideBySide - 1) / SideBySide).Select(part => TryPartAsync(part, families, cancellation)));
    }

    private static async Task<TriedGroups> TryPartAsync(
        (NamespacedName[] Group, RuleModelSnapshot Rules)[] part, FamilySync[] families, CancellationToken cancellation)
    {
        GroupTrial shortest = new(part.Length, ApplyResult.Applied);
        FamilySync ended = families[0];
        foreach (FamilySync family in families)
        {
            FamilyRules[] rules = [.. part.Take(shortest.Taken).Select(tried => tried.Rules[family.Family])];
            if (rules.Length != 0 && await family.Applier.GroupTrials!.TryGroupsAsync(rules, cancellation) is { } trial && trial.Taken < shortest.Taken)
            {
                (shortest, ended) = (trial, family);
            }
        }

        return new([.. part.Select(static tried => tried.Group)], shortest, ended);
    }

    private RuleModelSnapshot RulesOf(NamespacedName[] services)
    {
        bool areHeldBack = state.IsHeldBack(services[0]);
        if (areHeldBack)
        {
            Array.ForEach(services, state.Admit);
        }

        RuleModelBuilder alone = new(state, settings(IpFamily.IPv4), settings(IpFamily.IPv6));
        RuleModelSnapshot rules = alone.Update(services, settings(IpFamily.IPv4), settings(IpFamily.IPv6)).After;
        if (areHeldBack)
        {
            Array.ForEach(services, state.HoldBack);
        }

        return rules;
    }
}

/// <summary>Groups that were tried one after the other.</summary>
/// <param name="Groups">The groups.</param>
/// <param name="Trial">How many of them would be taken in all families, and what became of the next one.</param>
/// <param name="Family">The family that refused the next one, or could not try it.</param>
internal sealed record TriedGroups(IReadOnlyList<NamespacedName[]> Groups, GroupTrial Trial, FamilySync Family);
