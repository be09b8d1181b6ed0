using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Iptables;

/// <summary>A rule in a built-in chain that jumps to a chain of this program (spec 5.2).</summary>
/// <param name="Table">Its table.</param>
/// <param name="Chain">The built-in chain.</param>
/// <param name="Target">The chain that it jumps to.</param>
/// <param name="Match">The rest of the rule, as iptables-save prints it: ends in a blank, or is empty.</param>
public sealed record JumpRule(string Table, string Chain, string Target, string Match)
{
    /// <summary>The chain that the kubelet uses as well: it is neither flushed nor deleted.</summary>
    public const string SharedChain = "KUBE-FIREWALL";

    /// <summary>The chain that masquerades what pods send out of the cluster; it exists only while that is on.</summary>
    public const string EgressChain = "KUBE-EGRESS-MASQ";

    private const string NewConnections = "-m conntrack --ctstate NEW ";

    /// <summary>
    /// The jump to <see cref="EgressChain"/>. It goes to the end of its chain, behind KUBE-POSTROUTING, which clears the mark of
    /// what it masquerades, and behind the rules of others, as that of ip-masq-agent does.
    /// </summary>
    public static JumpRule Egress { get; } = New("nat", "POSTROUTING", EgressChain, "", "kubernetes egress masquerade") with { IsAppended = true };

    /// <summary>All jump rules of kube-proxy, in the order in which missing ones are inserted, each at the head of its chain.</summary>
    public static IReadOnlyList<JumpRule> All { get; } =
    [
        New("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", NewConnections, "kubernetes externally-visible service portals"),
        New("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", NewConnections, "kubernetes externally-visible service portals"),
        New("filter", "INPUT", "KUBE-NODEPORTS", "", "kubernetes health check service ports"),
        New("filter", "FORWARD", "KUBE-SERVICES", NewConnections, "kubernetes service portals"),
        New("filter", "OUTPUT", "KUBE-SERVICES", NewConnections, "kubernetes service portals"),
        New("filter", "FORWARD", "KUBE-FORWARD", "", "kubernetes forwarding rules"),
        New("filter", "INPUT", "KUBE-PROXY-FIREWALL", NewConnections, "kubernetes load balancer firewall"),
        New("filter", "OUTPUT", "KUBE-PROXY-FIREWALL", NewConnections, "kubernetes load balancer firewall"),
        New("filter", "FORWARD", "KUBE-PROXY-FIREWALL", NewConnections, "kubernetes load balancer firewall"),
        New("nat", "OUTPUT", "KUBE-SERVICES", "", "kubernetes service portals"),
        New("nat", "PREROUTING", "KUBE-SERVICES", "", "kubernetes service portals"),
        New("nat", "POSTROUTING", "KUBE-POSTROUTING", "", "kubernetes postrouting rules"),
        new("filter", "INPUT", SharedChain, ""),
        new("filter", "OUTPUT", SharedChain, ""),
    ];

    /// <summary>All jump rules that this program may write.</summary>
    public static IReadOnlyList<JumpRule> Known { get; } = [.. All, Egress];

    /// <summary>Whether it is added at the end of its chain, not at the head.</summary>
    public bool IsAppended { get; private init; }

    /// <summary>The jump rules of a node, in the order of <see cref="Known"/>.</summary>
    public static IReadOnlyList<JumpRule> Of(NodeSettings settings) => settings.Egress is null ? All : Known;

    /// <summary>The rule without its chain: match, comment and target.</summary>
    public string Specification => $"{Match}-j {Target}";

    /// <summary>The rule as a line of iptables-save.</summary>
    public string Listing => $"-A {Chain} {Specification}";

    /// <summary>Match, comment and target as arguments of the iptables command.</summary>
    public string[] Arguments()
    {
        List<string> arguments = [];
        string[] quoted = Specification.Split('"');
        for (int part = 0; part < quoted.Length; part++)
        {
            // Every other part was inside quotes.
            arguments.AddRange(part % 2 == 1 ? [quoted[part]] : quoted[part].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return [.. arguments];
    }

    private static JumpRule New(string table, string chain, string target, string match, string comment) =>
        new(table, chain, target, $"{match}-m comment --comment \"{comment}\" ");
}
