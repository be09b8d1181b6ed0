using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// What must come of every way to reach a Service: the masquerade matrix of kube-proxy's own tests, and what it says of
/// refusals and drops, in words for packets.
/// </summary>
/// <remarks>
/// <para>Clients: <c>a1</c> to <c>a3</c> are pods of the node, <c>b3</c> a pod of the other node, <c>node</c> a process on the
/// node, <c>outside</c> a client elsewhere, <c>blocked</c> one that source ranges leave out.</para>
/// <para>Destinations: <c>cluster</c> IP, an <c>unused</c> port of it, <c>external</c> IP, <c>lb</c> IP, <c>nodeport</c> on the
/// node's primary address, <c>nodeport2</c> on its second one, <c>localhost</c>.</para>
/// </remarks>
internal static class BehaviourTable
{
    private const string Local = "externalTrafficPolicy: Local";
    private const string InternalLocal = "internalTrafficPolicy: Local";

    private static readonly (LabService Service, string Table)[] s_all =
    [
        (Service("plain", 1, "a1 b1"), """
            a3 -> cluster: a1 b1 own
            node outside -> cluster: a1 b1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            b3 -> nodeport: a1 b1 masq
            iptables | a3 node outside b3 -> nodeport2: a1 b1 masq
            iptables | v4 | node -> localhost: a1 b1 masq
            iptables | v6 | node -> localhost: refused
            nftables | node outside -> nodeport2: refused
            nftables | node -> localhost: refused
            nftables | a3 node outside -> unused: refused
            iptables | a3 outside -> unused: dropped
            a3 outside -> unusedlb: dropped
            """),
        (Service("local-out", 2, "a1 b1", Local), """
            a3 -> cluster: a1 b1 own
            node outside -> cluster: a1 b1 masq
            a3 -> external lb nodeport: a1 b1 own
            node -> external lb nodeport: a1 b1 masq
            outside -> external lb nodeport: a1 own
            iptables | v4 | node -> localhost: a1 b1 masq
            """),
        (Service("local-in", 3, "a1 b1", InternalLocal), """
            a3 -> cluster: a1 own
            node outside -> cluster: a1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            """),
        (Service("local-out-none-here", 4, "b1", Local), """
            a3 -> cluster external lb nodeport: b1 own
            node outside -> cluster: b1 masq
            node -> external lb nodeport: b1 masq
            outside -> external lb nodeport: dropped
            """),
        (Service("local-in-none-here", 5, "b1", InternalLocal), """
            a3 node outside -> cluster: dropped
            a3 node outside -> external lb nodeport: b1 masq
            """),
        (Service("nobody", 6, ""), """
            a3 outside -> cluster external lb nodeport: refused
            node -> cluster nodeport: refused
            nftables | node -> external lb: refused
            iptables | node -> external lb: dropped
            b3 -> nodeport: refused
            iptables | outside -> nodeport2: refused
            iptables | v4 | node -> localhost: refused
            """),
        (Service("ranges", 7, "a1 b1", "loadBalancerSourceRanges: [203.0.113.0/25, 10.244.1.0/24, \"2001:db8:113::/64\", \"fd00:10:244:1::/64\"]"), """
            outside a3 -> lb: a1 b1 masq
            blocked -> lb: dropped
            blocked outside -> external nodeport: a1 b1 masq
            a3 -> cluster: a1 b1 own
            """),
        (Service("ranges-local", 8, "a1 b1", Local + "\nloadBalancerSourceRanges: [203.0.113.0/25, \"2001:db8:113::/64\"]"), """
            outside -> lb: a1 own
            blocked -> lb: dropped
            blocked -> nodeport: a1 own
            """),
        (Service("hairpin", 9, "a1"), """
            a1 -> cluster external lb nodeport: a1 masq
            a3 -> cluster: a1 own
            """),
        (Service("host-here", 10, "node") with { Target = StandardLab.HostPort }, """
            a3 outside -> cluster external lb nodeport: node own
            node -> cluster external lb nodeport: node own
            """),
        (Service("host-there", 11, "second") with { Target = StandardLab.HostPort }, """
            a3 -> cluster: second own
            node outside -> cluster: second masq
            a3 outside -> external lb nodeport: second masq
            """),
        (Service("going", 12, "a1- b1-"), """
            a3 -> cluster: a1 b1 own
            outside -> lb nodeport: a1 b1 masq
            """),
        (Service("going-here", 13, "a1- b1", Local), """
            a3 -> cluster lb: b1 own
            outside -> lb nodeport: a1 own
            """),
        (Service("going-local", 14, "a1- b1-", Local + "\n" + InternalLocal), """
            a3 -> cluster: a1 own
            node -> cluster: a1 masq
            outside -> lb nodeport: a1 own
            """),
        (Service("some-going", 15, "a1 a2- b1-"), """
            a3 -> cluster: a1 own
            outside -> lb nodeport: a1 masq
            """),
        (Zoned("zoned", 16), """
            a3 -> cluster: a1 own
            outside -> lb nodeport: a1 masq
            """),
        (Noded("noded", 17), """
            a3 -> cluster: a2 own
            outside -> lb nodeport: a2 masq
            """),
        (Service("datagrams", 18, "a1 b1") with { Protocol = "UDP" }, """
            a3 -> cluster: a1 b1 own
            node outside -> cluster: a1 b1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            iptables | v4 | node -> localhost: a1 b1 masq
            """),
        (Service("datagrams-local", 19, "a1 b1", Local) with { Protocol = "UDP" }, """
            outside -> external lb nodeport: a1 own
            a3 -> lb: a1 b1 own
            """),
        (Service("datagrams-nobody", 20, "") with { Protocol = "UDP" }, """
            a3 outside -> cluster lb nodeport: refused
            node -> cluster nodeport: refused
            nftables | node -> lb: refused
            iptables | node -> lb: dropped
            """),
        (Service("datagrams-none-here", 21, "b1", Local) with { Protocol = "UDP" }, """
            outside -> lb nodeport: dropped
            """),
        (Service("datagrams-hairpin", 22, "a1") with { Protocol = "UDP" }, """
            a1 -> cluster lb: a1 masq
            """),
        (Service("spread", 30, "a1 a2 b1 b2 b3"), "a3 -> cluster: a1 a2 b1 b2 b3 own"),
        (Service("sticky", 31, "a1 b1", "sessionAffinity: ClientIP"), "outside -> unusedlb: dropped"),
        (
            Service("sticky-short", 32, "a1 b1", "sessionAffinity: ClientIP\nsessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}"),
            "outside -> unusedlb: dropped"),
    ];

    /// <summary>The same Services where the node cannot tell pods from strangers, or masquerades all.</summary>
    private static readonly (string Name, string Variation, string Table)[] s_variations =
    [
        ("plain", "all", "a3 node outside -> cluster: a1 b1 masq"),
        ("plain", "all", "a3 node outside -> lb nodeport: a1 b1 masq"),
        ("local-out", "all", """
            a3 node outside -> cluster: a1 b1 masq
            a3 -> lb nodeport: a1 b1 own
            outside -> lb nodeport: a1 own
            """),
        ("local-in", "all", "a3 node outside -> cluster: a1 masq"),
        ("datagrams", "all", "a3 -> cluster: a1 b1 masq"),
        ("plain", "unknown", """
            a3 node -> cluster: a1 b1 own
            a3 node outside -> lb nodeport: a1 b1 masq
            """),
        ("local-out", "unknown", """
            a3 node -> cluster: a1 b1 own
            a3 outside -> lb nodeport: a1 own
            node -> lb nodeport: a1 b1 masq
            """),
        ("local-in", "unknown", """
            a3 node outside -> cluster: a1 own
            """),
        ("hairpin", "unknown", """
            a1 -> cluster lb: a1 masq
            outside -> cluster: a1 own
            """),
    ];

    /// <summary>The Services, as manifests.</summary>
    public static string Manifests => string.Concat(s_all.Select(entry => entry.Service.ToYaml()));

    /// <summary>Names of the Services that have a table.</summary>
    public static IEnumerable<string> Names => s_all.Select(entry => entry.Service.Name);

    /// <summary>Service and variation of each table of variations.</summary>
    public static IEnumerable<(string Name, string Variation)> Variations => s_variations.Select(entry => (entry.Name, entry.Variation)).Distinct();

    /// <summary>A Service by its name.</summary>
    public static LabService Service(string name) => Array.Find(s_all, entry => entry.Service.Name == name).Service;

    /// <summary>The table of a Service.</summary>
    public static string Table(string name) => Array.Find(s_all, entry => entry.Service.Name == name).Table;

    /// <summary>The table of a Service under a variation.</summary>
    public static string Table(string name, string variation) => string.Join('\n', s_variations
        .Where(entry => entry.Name == name && entry.Variation == variation)
        .Select(entry => entry.Table));

    /// <summary>A Service with endpoints by name; a minus sign stands for one that is terminating.</summary>
    private static LabService Service(string name, int number, string endpoints, string spec = "") => new(name, number)
    {
        Spec = spec,
        Endpoints = [.. endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => StandardLab.Endpoint(word.TrimEnd('-')) with { IsTerminating = word.EndsWith('-') })],
    };

    private static LabService Zoned(string name, int number) => new(name, number)
    {
        Endpoints =
        [
            StandardLab.Endpoint("a1") with { ZoneHint = "zone-1" },
            StandardLab.Endpoint("b1") with { ZoneHint = "zone-2" },
        ],
    };

    private static LabService Noded(string name, int number) => new(name, number)
    {
        Endpoints =
        [
            StandardLab.Endpoint("a2") with { NodeHint = "node-a", ZoneHint = "zone-1" },
            StandardLab.Endpoint("a1") with { NodeHint = "node-b", ZoneHint = "zone-1" },
            StandardLab.Endpoint("b1") with { NodeHint = "node-b", ZoneHint = "zone-2" },
        ],
    };
}
