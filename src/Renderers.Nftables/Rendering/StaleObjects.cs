using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>What a change leaves without use.</summary>
internal static class StaleObjects
{
    /// <summary>Chains of service ports.</summary>
    public static IReadOnlyList<string> PortChains(FamilyChange change) => Stale(change, Rendering.PortChains.Chains);

    /// <summary>Affinity sets.</summary>
    public static IReadOnlyList<string> Sets(FamilyChange change) => Stale(change, Rendering.PortChains.Sets);

    /// <summary>Shared chains.</summary>
    public static IReadOnlyList<string> SharedChains(FamilyChange change)
    {
        if (change.Before.Shapes.IsSameAs(change.After.Shapes))
        {
            return [];
        }

        // Chains that go to others come first, so that they can be deleted in this order.
        SortedSet<SharedChain> stale = SharedChain.Needed(change.Before.Shapes);
        stale.ExceptWith(SharedChain.Needed(change.After.Shapes));
        return [.. stale.OrderBy(chain => chain.Kind is SharedChainKind.Cluster or SharedChainKind.NodePortCluster).Select(chain => chain.ToString())];
    }

    private static List<string> Stale(FamilyChange change, Func<ServicePortRules?, List<string>> namesOf)
    {
        List<string> stale = [];
        foreach (ServicePortChange port in change.Ports)
        {
            if (!Rendering.PortChains.Any(port.Old))
            {
                continue;
            }

            HashSet<string> kept = new(namesOf(port.New), StringComparer.Ordinal);
            stale.AddRange(namesOf(port.Old).Where(name => !kept.Contains(name)));
        }

        return stale;
    }
}
