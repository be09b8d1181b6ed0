using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Compare;

/// <summary>Picks the rules of kube-proxy's kind, of both modes, out of all rules of a node.</summary>
internal static class KubeRules
{
    private const string Table = "kube-proxy";

    /// <summary>The chains that base chains go to (spec 5.2).</summary>
    private static readonly HashSet<string> s_entrances = new(StringComparer.Ordinal)
    {
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-FORWARD", "KUBE-FIREWALL", "KUBE-PROXY-FIREWALL", "KUBE-POSTROUTING",
    };

    /// <summary>Picks them.</summary>
    public static Ruleset Of(Ruleset rules)
    {
        Ruleset own = new(rules.Family);
        foreach (WalkTable table in rules.Tables)
        {
            own.Tables.Add(table.Name == Table ? table : Of(table));
        }

        return own;
    }

    private static WalkTable Of(WalkTable table)
    {
        WalkTable own = new(table.Name);
        foreach (WalkChain chain in table.Chains.Values)
        {
            if (chain.Hook is null)
            {
                own.Chains.Add(chain.Name, chain);
                continue;
            }

            // The policy of a base chain is its owner's.
            WalkChain kept = new(chain.Name) { Hook = chain.Hook, Priority = chain.Priority, IsNat = chain.IsNat };
            kept.Rules.AddRange(chain.Rules.Where(IsEntrance));
            own.Chains.Add(chain.Name, kept);
        }

        return own;
    }

    private static bool IsEntrance(WalkRule rule) => rule.Steps.AsSpan().ToArray().Any(step => step is RuleStep.Jump jump && s_entrances.Contains(jump.Chain));
}
