using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Naming;

/// <summary>The fixed names of the table (spec 1.6 and docs/nftables.md).</summary>
public static class NftNames
{
    /// <summary>The table, in the families ip and ip6. kube-proxy's has the same name, so that either program takes over from the other.</summary>
    public const string Table = "kube-proxy";

    /// <summary>Cluster IPs of all Services.</summary>
    public const string ClusterIPs = "cluster-ips";

    /// <summary>Addresses of the node that accept node port traffic, unless all do.</summary>
    public const string NodePortIPs = "nodeport-ips";

    /// <summary>Endpoints of this node, for the masquerading of hairpin traffic.</summary>
    public const string HairpinConnections = "hairpin-connections";

    /// <summary>Maps frontend addresses to verdicts.</summary>
    public const string ServiceIPs = "service-ips";

    /// <summary>Maps node ports to verdicts.</summary>
    public const string ServiceNodePorts = "service-nodeports";

    /// <summary>Maps frontend addresses without endpoints to reject or drop.</summary>
    public const string NoEndpointServices = "no-endpoint-services";

    /// <summary>Maps node ports without endpoints to reject or drop.</summary>
    public const string NoEndpointNodePorts = "no-endpoint-nodeports";

    /// <summary>Load-balancer IPs with source ranges.</summary>
    public const string FirewallIPs = "firewall-ips";

    /// <summary>The chain that rejects packets.</summary>
    public const string RejectChain = "reject-chain";

    /// <summary>The chain that counts what is dropped for want of local endpoints; it is there only while connections are counted.</summary>
    public const string DropChain = "drop-chain";

    /// <summary>The chain that masquerades what pods send out of the cluster; it is there only while that is on.</summary>
    public const string EgressChain = "egress-masquerade";

    /// <summary>The prefix of the names of affinity sets.</summary>
    public const string AffinityPrefix = "affinity-";

    /// <summary>A family of tables as nft writes it: ip or ip6.</summary>
    public static string FamilyName(IpFamily family) => family == IpFamily.IPv4 ? "ip" : "ip6";

    /// <summary>The regular chains with rules that do not depend on any Service.</summary>
    public static EquatableArray<string> FixedChains { get; } =
        [RejectChain, "service-endpoints-check", "firewall-check", "nodeport-endpoints-check", "cluster-ips-check", "masquerading", "services"];
}
