using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Recognises the rules that kube-proxy writes in ipvs mode. They pick no endpoints: IPVS does, with tables of its own that
/// are not among the rules (kubernetes/kubernetes, pkg/proxy/ipvs).
/// </summary>
internal static class IpvsMode
{
    /// <summary>What is said of such rules when the tables of IPVS are not given.</summary>
    public const string Notice =
        "these are rules of kube-proxy in ipvs mode: IPVS, and no rule, picks the endpoint, after the packet has passed LOCAL_IN (INPUT; of the node's own packets LOCAL_OUT), and KUBE-POSTROUTING masquerades it when its mark is set; ipvsadm -Ln on the node lists virtual servers and endpoints (--ipvs FILE takes that)";

    /// <summary>The dummy interface that has the addresses of Services in ipvs mode.</summary>
    private const string Interface = "kube-ipvs0";

    /// <summary>Most rules of a chain that are looked at: those of ipvs mode are few.</summary>
    private const int MostRules = 200;

    /// <summary>The chains in which the rules of ipvs mode ask for its sets.</summary>
    private static readonly string[] s_chains =
        ["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-FORWARD", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER", "KUBE-PROXY-FIREWALL", "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

    /// <summary>Whether rules are of that mode: they ask for its sets, or name its interface.</summary>
    public static bool IsOf(Ruleset rules)
    {
        foreach (WalkTable table in rules.Tables)
        {
            foreach (string name in s_chains)
            {
                if (table.Chains.TryGetValue(name, out WalkChain? chain) && chain.Rules.Take(MostRules).Any(static rule => Asks(rule.Text)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>What is said of a packet when the tables of IPVS are given.</summary>
    public static string Describe(IpvsTable table, PacketQuestion question) => table.Find(question.Destination, question.Protocol, question.Port) is { } server
        ? $"IPVS picks the endpoint, as its tables were when they were listed: {server}{(server.Scheduler is "rr" or "wrr" ? "" : "; with this scheduler the shares are only those of the weights")}"
        : $"IPVS has no virtual server for {question.To}: it leaves the packet alone";

    /// <summary>Marks the outcomes that IPVS decides: where the destination stays, as far as the rules go.</summary>
    public static ExplainedWalk MarkUndecided(ExplainedWalk walk)
    {
        WalkTraceEntry ipvs = new(Hook.Input, "", "IPVS", 0, "the virtual servers of IPVS, which are not in the input (ipvsadm -Ln)", "", "may send it to an endpoint") { IsDoubtful = true };
        return walk.Paths.All(static path => path.Target is not null) ? walk : walk with
        {
            DecidedElsewhere = "unknown: IPVS decides, and its virtual servers are not in the input (ipvsadm -Ln)",
            Paths = [.. walk.Paths.Select(path => path.Target is null ? path with { IsUncertain = true, Trace = [.. path.Trace, ipvs] } : path)],
        };
    }

    private static bool Asks(string rule) =>
        rule.Contains("--match-set KUBE-", StringComparison.Ordinal) || rule.Contains(Interface, StringComparison.Ordinal);
}
