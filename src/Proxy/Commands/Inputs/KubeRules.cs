using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Selects kube-proxy's rules among all rules of a node.</summary>
internal static class KubeRules
{
    /// <summary>The table of nftables mode (spec 1.5).</summary>
    public const string Table = "kube-proxy";

    /// <summary>What the names of kube-proxy's chains in iptables mode begin with (spec 1.6).</summary>
    public const string ChainStart = "KUBE-";

    /// <summary>The chains that base chains go to.</summary>
    private static readonly HashSet<string> s_entrances = [.. JumpRule.Known.Select(jump => jump.Target)];

    /// <summary>Chains that others go to, or that nothing goes to, and that are not made for one Service (spec 1.6).</summary>
    private static readonly HashSet<string> s_others = ["KUBE-MARK-MASQ", IptablesRenderer.CanaryChain];

    /// <summary>Picks them.</summary>
    /// <param name="rules">All rules.</param>
    /// <param name="mode">iptables or nftables; null for the rules of both.</param>
    public static Ruleset Of(Ruleset rules, string? mode)
    {
        Ruleset own = new(rules.Family);
        foreach (WalkTable table in rules.Tables)
        {
            if (table.Name == Table && mode != ProxyMode.Iptables)
            {
                own.Tables.Add(table);
            }
            else if (table.Name != Table && mode != ProxyMode.Nftables)
            {
                own.Tables.Add(Of(table));
            }
        }

        return own;
    }

    private static WalkTable Of(WalkTable table)
    {
        WalkTable own = new(table.Name);
        foreach (WalkChain chain in table.Chains.Values)
        {
            if (chain.Hook is not null)
            {
                // The policy of a base chain is its owner's.
                WalkChain kept = new(chain.Name) { Hook = chain.Hook, Priority = chain.Priority, IsNat = chain.IsNat };
                kept.Rules.AddRange(chain.Rules.Where(IsEntrance));
                own.Chains.Add(chain.Name, kept);
            }
            else if (s_entrances.Contains(chain.Name) || s_others.Contains(chain.Name) || ChainName.TryParse(chain.Name, out _))
            {
                own.Chains.Add(chain.Name, chain);
            }
        }

        return own;
    }

    private static bool IsEntrance(WalkRule rule) => Array.Exists(rule.Steps.AsSpan().ToArray(), static step => step is RuleStep.Jump jump && s_entrances.Contains(jump.Chain));
}
