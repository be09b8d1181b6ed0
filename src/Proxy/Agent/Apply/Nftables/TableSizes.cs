using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Compares how many rules each chain has that rules need, and how many elements each set and map: what another program removes
/// or adds shows in them. That costs a small part of what writing the table anew does.
/// </summary>
internal static class TableSizes
{
    /// <summary>
    /// Whether the table in the kernel has the sizes that it has after the rules were written. Chains and sets that rules do not
    /// need do not count: packets do not come there.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public static bool AreThoseOf(FamilyRules rules, NftablesOptions options, INetworkNamespace network)
    {
        NftTableSizes wanted = NftablesRenderer.CountFull(rules, options);
        using TableDump dump = network.Run(() => new TableDump(rules.Family, NftNames.Table));
        Dictionary<string, int> there = dump.CountRules();
        return wanted.Rules.All(chain => there.GetValueOrDefault(chain.Key) == chain.Value)
            && wanted.Elements.All(set => dump.CountElements(set.Key) == set.Value);
    }
}
