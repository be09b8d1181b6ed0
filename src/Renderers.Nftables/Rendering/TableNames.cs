using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The names of objects that a table consists of.</summary>
internal static class TableNames
{
    /// <summary>All chains but base chains.</summary>
    public static HashSet<string> Chains(FamilyRules rules, NftablesOptions options)
    {
        HashSet<string> chains = [.. NftNames.FixedChains];
        if (options.HasServiceCounters)
        {
            chains.Add(NftNames.DropChain);
        }

        if (rules.Settings.Egress is not null)
        {
            chains.Add(NftNames.EgressChain);
        }

        chains.UnionWith(SharedChain.Needed(rules.Shapes).Select(chain => chain.ToString()));
        AddOfPorts(rules, PortChains.Chains, chains);
        return chains;
    }

    /// <summary>The sets that rules fill, whose elements a replacement keeps: affinity sets, and those that count.</summary>
    public static HashSet<string> KeptSets(FamilyRules rules, NftablesOptions options)
    {
        HashSet<string> sets = options.HasServiceCounters ? [.. CountingSets.All] : [];
        AddOfPorts(rules, PortChains.Sets, sets);
        return sets;
    }

    /// <summary>The chains that the transaction of a change writes.</summary>
    public static List<string> WrittenChains(FamilyChange change)
    {
        SortedSet<SharedChain> added = SharedChain.Needed(change.After.Shapes);
        added.ExceptWith(SharedChain.Needed(change.Before.Shapes));
        List<string> chains = [.. added.Select(chain => chain.ToString())];
        foreach (ServicePortChange port in change.Ports)
        {
            chains.AddRange(PortChains.Chains(port.New));
        }

        return chains;
    }

    private static void AddOfPorts(FamilyRules rules, Func<ServicePortRules?, List<string>> namesOf, HashSet<string> names)
    {
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in rules.Services)
        {
            foreach (ServicePortRules port in service.Value.Ports)
            {
                if (PortChains.Any(port))
                {
                    names.UnionWith(namesOf(port));
                }
            }
        }
    }
}
