using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The netfilter rules of one family, from iptables, nftables or both, in the form that packets are traced through.</summary>
/// <param name="family">The family.</param>
public sealed class Ruleset(IpFamily family)
{
    private Dictionary<Hook, List<(WalkTable Table, WalkChain Chain)>>? _byHook;

    /// <summary>The family.</summary>
    public IpFamily Family { get; } = family;

    /// <summary>The contents of the ipsets that rules of iptables name.</summary>
    public IpSets Sets
    {
        get;
        init => field = value.OfFamily(Family);
    } = IpSets.None;

    /// <summary>The tables.</summary>
    public List<WalkTable> Tables { get; } = [];

    /// <summary>The base chains of a hook in the order of the kernel.</summary>
    public IReadOnlyList<(WalkTable Table, WalkChain Chain)> BaseChains(Hook hook) => (_byHook ??= InOrder()).GetValueOrDefault(hook, []);

    /// <summary>
    /// By priority; of equal ones the chain that was created last comes first (net/netfilter/core.c, nf_hook_entries_grow), and a
    /// listing has them in the order of their creation. All nat chains of a hook run together at the priority of the kernel's own
    /// NAT, whatever theirs is, and in the order of theirs (net/netfilter/nf_nat_core.c, nf_nat_register_fn).
    /// </summary>
    private Dictionary<Hook, List<(WalkTable Table, WalkChain Chain)>> InOrder()
    {
        (WalkTable Table, WalkChain Chain, int Number)[] all =
        [
            .. Tables
                .SelectMany(table => table.Chains.Values.Select(chain => (Table: table, Chain: chain)))
                .Where(entry => entry.Chain.Hook is not null)
                .Select((entry, number) => (entry.Table, entry.Chain, number)),
        ];
        int firstNat = Array.FindIndex(all, entry => entry.Chain.IsNat);
        return all
            .OrderBy(entry => entry.Chain.IsNat ? PriorityOfNat(entry.Chain.Hook!.Value) : entry.Chain.Priority) // base chains have a hook
            .ThenByDescending(entry => entry.Chain.IsNat ? firstNat : entry.Number)
            .ThenBy(entry => entry.Chain.Priority)
            .ThenByDescending(entry => entry.Number)
            .GroupBy(entry => entry.Chain.Hook!.Value, entry => (entry.Table, entry.Chain))
            .ToDictionary(group => group.Key, group => group.ToList());
    }

    /// <summary>NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC of linux/netfilter_ipv4.h.</summary>
    private static int PriorityOfNat(Hook hook) => hook is Hook.Prerouting or Hook.Output ? -100 : 100;
}

/// <summary>A table: chains that can refer to each other.</summary>
/// <param name="name">Its name.</param>
public sealed class WalkTable(string name)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The chains by name.</summary>
    public Dictionary<string, WalkChain> Chains { get; } = new(StringComparer.Ordinal);
}

/// <summary>The netfilter hooks of the IP families, in the kernel's order (linux/netfilter.h).</summary>
public enum Hook : byte
{
    /// <summary>Incoming packets, before routing.</summary>
    Prerouting,

    /// <summary>Packets for this node.</summary>
    Input,

    /// <summary>Packets that are forwarded.</summary>
    Forward,

    /// <summary>Packets that this node sends.</summary>
    Output,

    /// <summary>Outgoing packets, after routing.</summary>
    Postrouting,
}

/// <summary>The proxy mode that rules are written for. The modes treat some packets differently (docs/differences.md).</summary>
public enum RuleDialect : byte
{
    /// <summary>iptables mode.</summary>
    Iptables,

    /// <summary>nftables mode.</summary>
    Nftables,
}
