using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// The service port that rules are for, as they say it themselves: iptables rules in their comments, nftables rules of
/// kube-proxy, and ours for Services with chains of their own, in the names of chains.
/// </summary>
internal static partial class ServiceInRules
{
    private const int MaxMilliseconds = 10_000;

    /// <summary>The service port that a comment names, such as <c>shop/web:http</c>; empty if it names none (spec 5.5).</summary>
    public static string OfComment(string comment) => InComment().Match(comment) is { Success: true } match ? match.Groups["name"].Value : "";

    /// <summary>The service port in a chain's name such as <c>service-PFISGYVC-shop/web/tcp/http</c>; empty if it has none (spec 1.5).</summary>
    public static string OfChain(string chain) => InChain().Match(chain) is { Success: true } match
        ? match.Groups["name"].Value + (match.Groups["port"].Length == 0 ? "" : ":" + match.Groups["port"].Value)
        : "";

    /// <summary>
    /// Whether a rule is in a chain of kube-proxy, or of this program. What others write in comments may look alike, and names no
    /// Service: Linkerd has <c>proxy-init/ignore-port-4190</c>.
    /// </summary>
    public static bool IsOfKubeProxy(WalkTraceEntry entry) => entry.Table == KubeRules.Table || entry.Chain.StartsWith(KubeRules.ChainStart, StringComparison.Ordinal);

    /// <summary>The first service port that kube-proxy's rules of a path name; empty if none does.</summary>
    public static string OfPath(IEnumerable<WalkTraceEntry> path)
    {
        foreach (WalkTraceEntry entry in path.Where(IsOfKubeProxy))
        {
            string name = OfComment(entry.Comment) is { Length: > 0 } commented ? commented : OfChain(entry.Chain);
            if (name.Length != 0)
            {
                return name;
            }
        }

        return "";
    }

    /// <summary>The name stands first, alone, before what the rule is for, or before its endpoint; or after what happens to its traffic.</summary>
    [GeneratedRegex(
        "^(masquerade traffic for |other traffic to |pod traffic for |masquerade LOCAL traffic for |route LOCAL traffic for )?(?<name>[a-z0-9][-a-z0-9]*/[a-z0-9][-a-z0-9.]*(:[-a-z0-9]+)?)( .*)?$",
        RegexOptions.ExplicitCapture,
        MaxMilliseconds)]
    private static partial Regex InComment();

    [GeneratedRegex("^(service|local|external|firewall|endpoint)-[A-Z2-7]{8}-(?<name>[^/]+/[^/]+)/(tcp|udp|sctp)/(?<port>[^_]*)", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex InChain();
}
