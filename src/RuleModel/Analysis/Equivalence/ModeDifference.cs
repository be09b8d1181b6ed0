namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>A documented difference between kube-proxy's iptables and nftables modes.</summary>
/// <param name="Name">The name, for the command line.</param>
/// <param name="Text">What differs.</param>
public sealed record ModeDifference(string Name, string Text)
{
    /// <summary>What an endpoint sends to itself.</summary>
    public static ModeDifference Hairpin { get; } = new("hairpin", "what an endpoint of another node sends to itself is masqueraded in iptables only");

    /// <summary>Ports of cluster IPs that no Service has.</summary>
    public static ModeDifference UnusedPorts { get; } = new("unused-ports", "what no Service port takes at a cluster IP is refused in nftables only");

    /// <summary>Addresses of ServiceCIDRs that no Service has.</summary>
    public static ModeDifference ServiceCidrs { get; } = new("service-cidrs", "addresses of ServiceCIDRs without a Service are dropped in nftables only");

    /// <summary>Packets of no connection.</summary>
    public static ModeDifference InvalidPackets { get; } = new("invalid-packets", "forwarded packets that conntrack calls invalid are dropped in iptables only");

    /// <summary>Packets that come with the mark.</summary>
    public static ModeDifference MarkedPackets { get; } = new("marked-packets", "forwarded packets that come with the masquerade mark already are accepted in iptables before anything refuses them");

    /// <summary>What the node sends to Services without endpoints.</summary>
    public static ModeDifference NodeToExternal { get; } = new("node-to-external", "what the node itself sends to external and load-balancer IPs that have no endpoints for it is refused or dropped in nftables only");

    /// <summary>Endpoints that are cluster IPs.</summary>
    public static ModeDifference EndpointIsClusterIp { get; } = new("endpoint-is-cluster-ip", "what is sent on to an endpoint that is a cluster IP itself is refused in nftables only");

    /// <summary>Which addresses of the node have node ports.</summary>
    public static ModeDifference NodePortAddresses { get; } = new("nodeport-addresses", "addresses of the node that have node ports, or refuse them, in iptables only");

    /// <summary>Loopback addresses.</summary>
    public static ModeDifference Localhost { get; } = new("localhost", "node ports of loopback addresses, and their protection from outside, in iptables only");

    /// <summary>Blocked sources of a load balancer without endpoints.</summary>
    public static ModeDifference SourceRanges { get; } = new("source-ranges", "sources that loadBalancerSourceRanges leave out of a Service without endpoints are refused in iptables and dropped in nftables");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModeDifference> All { get; } = [Hairpin, UnusedPorts, ServiceCidrs, InvalidPackets, MarkedPackets, NodeToExternal, EndpointIsClusterIp, NodePortAddresses, Localhost, SourceRanges];
}
