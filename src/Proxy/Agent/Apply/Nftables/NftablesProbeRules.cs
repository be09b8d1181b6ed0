using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Rules of an example Service that need everything that rules of nftables mode can need of the kernel: node ports, policy
/// Local, session affinity, source ranges and masquerading. They are tried, never committed.
/// </summary>
internal static class NftablesProbeRules
{
    private static readonly NamespacedName s_name = new("kube-proxy", "probe");

    /// <summary>The rules of a family.</summary>
    public static FamilyRules Of(IpFamily family)
    {
        // Documentation addresses (RFC 5737, RFC 3849).
        bool isIPv4 = family == IpFamily.IPv4;
        string prefix = isIPv4 ? "192.0.2." : "2001:db8::";
        ClusterState state = new(allowExternalIPs: true);
        state.Set(
            new Service
            {
                Name = s_name,
                Type = "LoadBalancer",
                ClusterIP = prefix + "1",
                ClusterIPs = [prefix + "1"],
                IpFamilies = [isIPv4 ? "IPv4" : "IPv6"],
                Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30080 }],
                LoadBalancerIngress = [new LoadBalancerIngress { Ip = prefix + "2" }],
                LoadBalancerSourceRanges = [prefix + (isIPv4 ? "0/24" : "/32")],
                ExternalTrafficPolicy = "Local",
                SessionAffinity = "ClientIP",
                HealthCheckNodePort = 30081,
            },
            new List<Problem>());
        state.Set(new EndpointSlice
        {
            Name = s_name,
            ServiceName = s_name.Name,
            AddressType = isIPv4 ? AddressType.IPv4 : AddressType.IPv6,
            Ports = [new SlicePort("http", TransportProtocol.Tcp, 8080)],
            Endpoints =
            [
                new SliceEndpoint(IpAddress.Parse(prefix + "3"), EndpointConditions.Ready | EndpointConditions.Serving, "here", default, default),
                new SliceEndpoint(IpAddress.Parse(prefix + "4"), EndpointConditions.Ready | EndpointConditions.Serving, "elsewhere", default, default),
            ],
        });
        NodeSettings ipv4 = Settings(IpFamily.IPv4, "192.0.2.0/24");
        NodeSettings ipv6 = Settings(IpFamily.IPv6, "2001:db8::/32");
        return new RuleModelBuilder(state, ipv4, ipv6).Update([s_name], ipv4, ipv6).After[family];
    }

    private static NodeSettings Settings(IpFamily family, string podCidr) => new()
    {
        Family = family,
        NodeName = "here",
        LocalTraffic = LocalTrafficDetector.ByPrefix(IpPrefix.Parse(podCidr)),
        NodePortAddresses = new(MatchesAll: true, default, ContainsIPv4Loopback: false),
        ServiceCidrs = [IpPrefix.Parse(podCidr)],
    };
}
