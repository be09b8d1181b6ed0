using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// The Services of <see cref="BalancingTests"/>, apart from <see cref="BehaviourTable"/>: the agent is restarted with them, and
/// where the lab runs in a user namespace iptables-nft can write only some 200 kB at once.
/// </summary>
internal static class BalancedServices
{
    private const string Sticky = """
        "sessionAffinity": "ClientIP"
        """;

    private const string StickyForASecond = Sticky + """
        , "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}
        """;

    private const string Local = """
        , "externalTrafficPolicy": "Local"
        """;

    /// <summary>All of them.</summary>
    public static LabService[] All { get; } =
    [
        new("spread", 1) { Endpoints = Endpoints("a1 a2 b1 b2 b3") },
        new("datagrams-spread", 2) { Endpoints = Endpoints("a1 a2 b1 b2 b3"), Protocol = "UDP" },
        new("sticky", 3) { Endpoints = Endpoints("a1 b1"), Spec = Sticky },
        new("sticky-local", 4) { Endpoints = Endpoints("a1 a2 b1"), Spec = Sticky + Local },
        new("sticky-short", 5) { Endpoints = Endpoints("a1 b1"), Spec = StickyForASecond },
        new("sticky-many", 6) { Endpoints = Endpoints("a1 a2 b1 b2 b3"), Spec = Sticky },
        new("datagrams-sticky", 7) { Endpoints = Endpoints("a1 b1"), Spec = Sticky, Protocol = "UDP" },
    ];

    /// <summary>One by its name.</summary>
    public static LabService Get(string name) => Array.Find(All, service => service.Name == name)!;

    private static LabEndpoint[] Endpoints(string names) => [.. names.Split(' ').Select(StandardLab.Endpoint)];
}
