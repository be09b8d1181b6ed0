using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// The Services of <see cref="BalancingTests"/>. They are apart from <see cref="BehaviourTable"/> because iptables-nft can
/// write only some 200 kB in one transaction where the lab runs in a user namespace.
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

    private static readonly LabService[] s_all =
    [
        new("spread", 1) { Endpoints = Endpoints("a1 a2 b1 b2 b3") },
        new("datagrams-spread", 2) { Endpoints = Endpoints("a1 a2 b1 b2 b3"), Protocol = "UDP" },
        new("sticky", 3) { Endpoints = Endpoints("a1 b1"), Spec = Sticky },
        new("sticky-local", 4) { Endpoints = Endpoints("a1 a2 b1"), Spec = Sticky + Local },
        new("sticky-short", 5) { Endpoints = Endpoints("a1 b1"), Spec = StickyForASecond },
        new("sticky-many", 6) { Endpoints = Endpoints("a1 a2 b1 b2 b3"), Spec = Sticky },
        new("datagrams-sticky", 7) { Endpoints = Endpoints("a1 b1"), Spec = Sticky, Protocol = "UDP" },
    ];

    /// <summary>All of them, as manifests.</summary>
    public static string Manifests => string.Concat(s_all.Select(service => service.ToManifest()));

    /// <summary>One by its name.</summary>
    public static LabService Get(string name) => Array.Find(s_all, service => service.Name == name)!;

    private static LabEndpoint[] Endpoints(string names) => [.. names.Split(' ').Select(StandardLab.Endpoint)];
}
