using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// What must come of every way to reach a Service: the masquerade matrix of kube-proxy's own tests, and what it says of
/// refusals and drops, in words for packets.
/// </summary>
/// <remarks>
/// <para>Clients: <c>a1</c> to <c>a3</c> are pods of the node, <c>b3</c> a pod of the other node, <c>node</c> a process on the
/// node, <c>outside</c> a client elsewhere, <c>blocked</c> one that source ranges leave out.</para>
/// <para>Destinations: <c>cluster</c> IP, an <c>unused</c> port of it, <c>external</c> IP, <c>lb</c> IP, unused ports of
/// both, <c>nodeport</c> on the node's primary address, <c>nodeport2</c> on its second one, <c>localhost</c>.</para>
/// </remarks>
internal static class BehaviourTable
{
    private const string Local = """
        "externalTrafficPolicy": "Local"
        """;

    private const string InternalLocal = """
        "internalTrafficPolicy": "Local"
        """;

    private const string Ranges = """
        "loadBalancerSourceRanges": ["203.0.113.0/25", "10.244.1.0/24", "2001:db8:113::/64", "fd00:10:244:1::/64"]
        """;

    private const string RangesWithoutPods = """
        "loadBalancerSourceRanges": ["203.0.113.0/25", "2001:db8:113::/64"]
        """;

    private const string RangesWithNode = """
        "loadBalancerSourceRanges": ["192.0.2.10/32", "2001:db8:2::10/128"]
        """;

    /// <summary>Both policies Cluster, nobody here preferred: what a Service does that has nothing special.</summary>
    private const string Usual = """
        a3 -> cluster: a1 b1 own
        node outside -> cluster: a1 b1 masq
        a3 node outside -> external lb nodeport: a1 b1 masq

        """;

    /// <summary>The same where one local pod is the only one to answer.</summary>
    private const string UsualByOne = """
        a3 -> cluster: a1 own
        node outside -> cluster: a1 masq
        a3 node outside -> external lb nodeport: a1 masq

        """;

    private const string Nobody = """
        a3 outside -> cluster external lb nodeport: refused
        node -> cluster nodeport: refused
        nftables | node -> external lb: refused
        iptables | node -> external lb: dropped

        """;

    private const string LocalOut = """
        a3 -> cluster: a1 b1 own
        node outside -> cluster: a1 b1 masq
        a3 -> external lb nodeport: a1 b1 own
        node -> external lb nodeport: a1 b1 masq
        outside -> external lb nodeport: a1 own

        """;

    private const string LocalOutNoneHere = """
        a3 -> cluster external lb nodeport: b1 own
        node outside -> cluster: b1 masq
        node -> external lb nodeport: b1 masq
        outside -> external lb nodeport: dropped

        """;

    private static readonly (LabService Service, string Table)[] s_all =
    [
        (Service("plain", 1, "a1 b1"), Usual + """
            b3 -> nodeport: a1 b1 masq
            iptables | a3 node outside b3 -> nodeport2: a1 b1 masq
            iptables | v4 | node -> localhost: a1 b1 masq
            iptables | v6 | node -> localhost: refused
            nftables | a3 node outside -> nodeport2: refused
            nftables | node -> localhost: refused
            nftables | a3 node outside -> unused: refused
            iptables | a3 node outside -> unused: dropped
            a3 node outside -> unusedlb unusedexternal: dropped
            """),
        (Service("local-out", 2, "a1 b1", Local), LocalOut + """
            iptables | a3 -> nodeport2: a1 b1 own
            iptables | node -> nodeport2: a1 b1 masq
            iptables | outside -> nodeport2: a1 own
            iptables | v4 | node -> localhost: a1 b1 masq
            nftables | node -> localhost: refused
            """),
        (Service("local-in", 3, "a1 b1", InternalLocal), """
            a3 -> cluster: a1 own
            node outside -> cluster: a1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            iptables | outside -> nodeport2: a1 b1 masq
            iptables | v4 | node -> localhost: a1 b1 masq
            """),
        (Service("local-out-none-here", 4, "b1", Local), LocalOutNoneHere + """
            iptables | outside -> nodeport2: dropped
            nftables | outside -> nodeport2: refused
            iptables | v4 | node -> localhost: b1 masq
            """),
        (Service("local-in-none-here", 5, "b1", InternalLocal), """
            a3 node outside -> cluster: dropped
            a3 node outside -> external lb nodeport: b1 masq
            """),
        (Service("nobody", 6, ""), Nobody + """
            b3 -> nodeport: refused
            a3 node outside -> nodeport2: refused
            node -> localhost: refused
            """),
        (Service("ranges", 7, "a1 b1", Ranges), """
            outside a3 -> lb: a1 b1 masq
            blocked node -> lb: dropped
            a3 node blocked outside -> external nodeport: a1 b1 masq
            a3 -> cluster: a1 b1 own
            node blocked outside -> cluster: a1 b1 masq
            """),
        (Service("ranges-local", 8, "a1 b1", Local + ", " + RangesWithoutPods), """
            outside -> lb: a1 own
            a3 node blocked -> lb: dropped
            a3 -> cluster external nodeport: a1 b1 own
            node -> cluster external nodeport: a1 b1 masq
            blocked outside -> external nodeport: a1 own
            outside -> cluster: a1 b1 masq
            """),
        (Service("ranges-node", 23, "a1 b1", RangesWithNode), """
            node -> lb: a1 b1 masq
            a3 outside -> lb: dropped
            a3 -> cluster: a1 b1 own
            node outside -> cluster: a1 b1 masq
            a3 node outside -> external nodeport: a1 b1 masq
            """),
        (Service("ranges-nobody", 24, "", RangesWithoutPods), """
            outside -> lb: refused
            nftables | blocked a3 node -> lb: dropped
            iptables | blocked a3 -> lb: refused
            iptables | node -> lb: dropped
            a3 outside -> cluster external nodeport: refused
            node -> cluster nodeport: refused
            nftables | node -> external: refused
            iptables | node -> external: dropped
            """),
        (Service("hairpin", 9, "a1"), UsualByOne + """
            a1 -> cluster external lb nodeport: a1 masq
            """),
        (Service("hairpin-local", 35, "a1", Local), """
            a1 -> cluster external lb nodeport: a1 masq
            a3 -> cluster external lb nodeport: a1 own
            node outside -> cluster: a1 masq
            node -> external lb nodeport: a1 masq
            outside -> external lb nodeport: a1 own
            """),
        (Service("host-here", 10, "node") with { Target = StandardLab.HostPort }, """
            a3 node outside -> cluster external lb nodeport: node own
            """),
        (Service("host-here-local", 25, "node second", Local) with { Target = StandardLab.HostPort }, """
            outside -> external lb nodeport: node own
            a3 -> cluster external lb nodeport: node second own
            outside -> cluster: node/own second/masq
            node -> cluster external lb nodeport: node/own second/masq
            """),
        (Service("host-there", 11, "second") with { Target = StandardLab.HostPort }, """
            a3 -> cluster: second own
            node outside -> cluster: second masq
            a3 node outside -> external lb nodeport: second masq
            """),
        (Service("going", 12, "a1- b1-"), Usual),
        (Service("going-here", 13, "a1- b1", Local), """
            a3 -> cluster external lb nodeport: b1 own
            node outside -> cluster: b1 masq
            node -> external lb nodeport: b1 masq
            outside -> external lb nodeport: a1 own
            """),
        (Service("going-local", 14, "a1- b1-", Local + ", " + InternalLocal), """
            a3 -> cluster: a1 own
            node outside -> cluster: a1 masq
            a3 -> external lb nodeport: a1 b1 own
            node -> external lb nodeport: a1 b1 masq
            outside -> external lb nodeport: a1 own
            """),
        (Service("going-elsewhere", 36, "b1-", Local + ", " + InternalLocal), """
            a3 node outside -> cluster: dropped
            a3 -> external lb nodeport: b1 own
            node -> external lb nodeport: b1 masq
            outside -> external lb nodeport: dropped
            """),
        (Service("some-going", 15, "a1 a2- b1-"), UsualByOne),
        (Service("gone", 29, "a1x b1x"), Nobody),
        (Service("gone-here", 37, "a1x b1", Local), LocalOutNoneHere),
        (Zoned("zoned", 16, "zone-1", "zone-2"), UsualByOne),
        (Zoned("zoned-partly", 26, "zone-1", null), Usual),
        (Zoned("zoned-elsewhere", 27, "zone-2", "zone-3"), Usual),
        (Zoned("zoned-local", 28, "zone-2", "zone-1") with { Spec = Local }, """
            a3 -> cluster external lb nodeport: b1 own
            node outside -> cluster: b1 masq
            node -> external lb nodeport: b1 masq
            outside -> external lb nodeport: a1 own
            """),
        (Noded("noded", 17), """
            a3 -> cluster: a2 own
            node outside -> cluster: a2 masq
            a3 node outside -> external lb nodeport: a2 masq
            """),
        (Service("datagrams", 18, "a1 b1") with { Protocol = "UDP" }, Usual + """
            iptables | outside -> nodeport2: a1 b1 masq
            nftables | outside -> nodeport2: refused
            iptables | v4 | node -> localhost: a1 b1 masq
            nftables | outside -> unused: refused
            iptables | outside -> unused: dropped
            """),
        (Service("datagrams-local", 19, "a1 b1", Local) with { Protocol = "UDP" }, LocalOut),
        (Service("datagrams-nobody", 20, "") with { Protocol = "UDP" }, Nobody),
        (Service("datagrams-none-here", 21, "b1", Local) with { Protocol = "UDP" }, LocalOutNoneHere),
        (Service("datagrams-hairpin", 22, "a1") with { Protocol = "UDP" }, UsualByOne + """
            a1 -> cluster external lb nodeport: a1 masq
            """),
    ];

    /// <summary>The same Services where the agent is configured differently: see <see cref="VariationTests"/>.</summary>
    private static readonly (string Name, string Variation, string Table)[] s_variations =
    [
        ("plain", "all", "a3 node outside -> cluster external lb nodeport: a1 b1 masq"),
        ("local-out", "all", """
            a3 node outside -> cluster: a1 b1 masq
            a3 -> external lb nodeport: a1 b1 own
            node -> external lb nodeport: a1 b1 masq
            outside -> external lb nodeport: a1 own
            """),
        ("local-in", "all", """
            a3 node outside -> cluster: a1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            """),
        ("datagrams", "all", "a3 node outside -> cluster external lb nodeport: a1 b1 masq"),
        // What keeps its source is answered by b1 without the node, so the outside, which could not make sense of that, is left out.
        ("plain", "unknown", """
            a3 node -> cluster: a1 b1 own
            a3 node outside -> external lb nodeport: a1 b1 masq
            """),
        ("local-out", "unknown", """
            a3 node -> cluster: a1 b1 own
            a3 outside -> external lb nodeport: a1 own
            node -> external lb nodeport: a1 b1 masq
            """),
        ("local-in", "unknown", """
            a3 node outside -> cluster: a1 own
            a3 node outside -> external lb nodeport: a1 b1 masq
            """),
        ("hairpin", "unknown", """
            a1 -> cluster external lb nodeport: a1 masq
            a3 node outside -> cluster: a1 own
            """),
        ("plain", "all, unknown", "a3 node outside -> cluster external lb nodeport: a1 b1 masq"),
        ("local-out", "all, unknown", """
            a3 node outside -> cluster: a1 b1 masq
            a3 outside -> external lb nodeport: a1 own
            node -> external lb nodeport: a1 b1 masq
            """),
        ("local-in", "all, unknown", """
            a3 node outside -> cluster: a1 masq
            a3 node outside -> external lb nodeport: a1 b1 masq
            """),
        ("plain", "second address", """
            a3 node outside -> nodeport2: a1 b1 masq
            node outside -> nodeport localhost: refused
            a3 node outside -> external lb: a1 b1 masq
            """),
        ("local-out", "second address", """
            outside -> nodeport2: a1 own
            outside -> nodeport: refused
            """),
        ("nobody", "second address", "a3 node outside -> nodeport nodeport2: refused"),
        ("plain", "all addresses", """
            a3 node outside -> nodeport nodeport2: a1 b1 masq
            iptables | v4 | node -> localhost: a1 b1 masq
            iptables | v6 | node -> localhost: refused
            nftables | node -> localhost: refused
            """),
        ("datagrams", "all addresses", "a3 node outside -> nodeport nodeport2: a1 b1 masq"),
        ("local-out-none-here", "all addresses", "outside -> nodeport nodeport2: dropped"),
        ("plain", "not localhost", """
            node -> localhost: refused
            node outside -> nodeport: a1 b1 masq
            iptables | node outside -> nodeport2: a1 b1 masq
            """),
    ];

    /// <summary>The Services, in parts of a size that iptables-nft can write at once where the lab runs in a user namespace: some 200 kB.</summary>
    public static LabService[][] Parts => [.. s_all.Select(entry => entry.Service).Chunk(16)];

    /// <summary>Names of the Services that have a table.</summary>
    public static IEnumerable<string> Names => s_all.Select(entry => entry.Service.Name);

    /// <summary>Names of the variations.</summary>
    public static IEnumerable<string> Variations => s_variations.Select(entry => entry.Variation).Distinct();

    /// <summary>A Service by its name.</summary>
    public static LabService Service(string name) => Array.Find(s_all, entry => entry.Service.Name == name).Service;

    /// <summary>The table of a Service.</summary>
    public static string Table(string name) => Array.Find(s_all, entry => entry.Service.Name == name).Table;

    /// <summary>The Services and tables of a variation.</summary>
    public static IEnumerable<(string Name, string Table)> VariationTables(string variation) =>
        s_variations.Where(entry => entry.Variation == variation).Select(entry => (entry.Name, entry.Table));

    /// <summary>The configuration of a variation.</summary>
    public static string Configuration(string variation, string mode) => variation switch
    {
        "all" => StandardLab.KnowsPods + $"{mode}: {{masqueradeAll: true}}",
        "unknown" => "",
        "all, unknown" => $"{mode}: {{masqueradeAll: true}}",
        "second address" => StandardLab.KnowsPods + "nodePortAddresses: [192.0.2.110/32, \"2001:db8:2::110/128\"]",
        "all addresses" => StandardLab.KnowsPods + "nodePortAddresses: [0.0.0.0/0, \"::/0\"]",
        "not localhost" => StandardLab.KnowsPods + "iptables: {localhostNodePorts: false}",
        _ => throw new InvalidOperationException("no such variation: " + variation),
    };

    /// <summary>A Service with endpoints by name; a minus sign stands for one that is terminating, an x for one that is and no longer serves.</summary>
    private static LabService Service(string name, int number, string endpoints, string spec = "") => new(name, number)
    {
        Spec = spec,
        Endpoints = [.. endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => StandardLab.Endpoint(word.TrimEnd('-', 'x')) with
        {
            IsTerminating = word[^1] is '-' or 'x',
            IsServing = word[^1] != 'x',
        })],
    };

    private static LabService Zoned(string name, int number, string? zoneOfA1, string? zoneOfB1) => new(name, number)
    {
        Endpoints =
        [
            StandardLab.Endpoint("a1") with { ZoneHint = zoneOfA1 },
            StandardLab.Endpoint("b1") with { ZoneHint = zoneOfB1 },
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
