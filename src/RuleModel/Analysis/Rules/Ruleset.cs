using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The netfilter rules of one family, from iptables or nftables or both, ready to be walked through.</summary>
/// <param name="family">The family.</param>
public sealed class Ruleset(IpFamily family)
{
    private Dictionary<Hook, List<(WalkTable Table, WalkChain Chain)>>? _byHook;

    /// <summary>The family.</summary>
    public IpFamily Family { get; } = family;

    /// <summary>The tables.</summary>
    public List<WalkTable> Tables { get; } = [];

    /// <summary>The base chains of a hook in the order of the kernel: by priority, then as listed.</summary>
    public IReadOnlyList<(WalkTable Table, WalkChain Chain)> BaseChains(Hook hook)
    {
        _byHook ??= Tables
            .SelectMany(table => table.Chains.Values.Select(chain => (Table: table, Chain: chain)))
            .Where(entry => entry.Chain.Hook is not null)
            .GroupBy(entry => entry.Chain.Hook!.Value)
            .ToDictionary(group => group.Key, group => group.OrderBy(entry => entry.Chain.Priority).ToList());
        return _byHook.GetValueOrDefault(hook, []);
    }
}
