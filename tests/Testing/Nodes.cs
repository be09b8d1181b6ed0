using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Testing;

/// <summary>Settings of a usual node, for tests in which they do not matter.</summary>
public static class Nodes
{
    public static Node NodeA { get; } = new()
    {
        Name = RandomCluster.NodeName,
        Zone = "zone-a",
        Addresses = [new NodeAddress("InternalIP", "192.0.2.10"), new NodeAddress("InternalIP", "2001:db8::10")],
        PodCidrs = ["10.244.1.0/24", "fd00:244:1::/64"],
    };

    public static EquatableArray<IpAddress> Addresses { get; } =
    [
        IpAddress.Parse("127.0.0.1"), IpAddress.Parse("::1"), IpAddress.Parse("192.0.2.10"), IpAddress.Parse("2001:db8::10"),
    ];

    public static ProxySettings Proxy { get; } = new() { NodeName = RandomCluster.NodeName, ClusterCidr = "10.244.0.0/16,fd00:244::/32" };

    public static NodeSettings IPv4 { get; } = Resolve(IpFamily.IPv4, Proxy);

    public static NodeSettings IPv6 { get; } = Resolve(IpFamily.IPv6, Proxy);

    public static NodeSettings Resolve(IpFamily family, ProxySettings proxy) => NodeSettings.Resolve(family, proxy, NodeA, Addresses, default);
}
