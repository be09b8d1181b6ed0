using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Verify;

/// <summary>Picks the rules of kube-proxy's kind out of all rules of a node; what others do to packets is their own.</summary>
internal static class OwnRules
{
    private const string Table = "kube-proxy";

    /// <summary>Picks them.</summary>
    /// <param name="live">All rules.</param>
    /// <param name="expected">What they should be: base chains of iptables keep the jumps that these have.</param>
    /// <param name="mode">The mode.</param>
    public static Ruleset Of(Ruleset live, Ruleset expected, string mode)
    {
        Ruleset own = new(live.Family);
        if (mode == ProxyMode.Nftables)
        {
            own.Tables.AddRange(live.Tables.Where(table => table.Name == Table));
            return own;
        }

        HashSet<string> jumps = [.. expected.Tables.SelectMany(table => table.Chains.Values).Where(chain => chain.Hook is not null).SelectMany(Jumps)];
        foreach (WalkTable table in live.Tables)
        {
            own.Tables.Add(Of(table, jumps));
        }

        return own;
    }

    private static WalkTable Of(WalkTable table, HashSet<string> jumps)
    {
        WalkTable own = new(table.Name);
        foreach (WalkChain chain in table.Chains.Values)
        {
            if (chain.Hook is null)
            {
                own.Chains.Add(chain.Name, chain);
                continue;
            }

            WalkChain kept = new(chain.Name) { Hook = chain.Hook, Priority = chain.Priority, IsNat = chain.IsNat };
            kept.Rules.AddRange(chain.Rules.Where(rule => JumpOf(rule) is { } target && jumps.Contains(target)));
            own.Chains.Add(chain.Name, kept);
        }

        return own;
    }

    private static IEnumerable<string> Jumps(WalkChain chain) => chain.Rules.Select(JumpOf).OfType<string>();

    private static string? JumpOf(WalkRule rule) => rule.Steps.AsSpan().ToArray().OfType<RuleStep.Jump>().FirstOrDefault()?.Chain;
}
