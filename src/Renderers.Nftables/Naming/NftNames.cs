using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Naming;

/// <summary>The fixed names of the table (spec 1.6 and docs/nftables.md).</summary>
public static class NftNames
{
    /// <summary>The table, in the families ip and ip6. kube-proxy's is called the same, so that either takes over from the other.</summary>
    public const string Table = "kube-proxy";

    /// <summary>Cluster IPs of all Services.</summary>
    public const string ClusterIPs = "cluster-ips";

    /// <summary>Addresses of the node that answer node ports, unless all do.</summary>
    public const string NodePortIPs = "nodeport-ips";

    /// <summary>Endpoints of this node, for the masquerading of hairpin traffic.</summary>
    public const string HairpinConnections = "hairpin-connections";

    /// <summary>Frontend addresses to the chain that serves them.</summary>
    public const string ServiceIPs = "service-ips";

    /// <summary>Node ports to the chain that serves them.</summary>
    public const string ServiceNodePorts = "service-nodeports";

    /// <summary>Frontend addresses that are refused or dropped.</summary>
    public const string NoEndpointServices = "no-endpoint-services";

    /// <summary>Node ports that are refused or dropped.</summary>
    public const string NoEndpointNodePorts = "no-endpoint-nodeports";

    /// <summary>Load-balancer IPs with source ranges.</summary>
    public const string FirewallIPs = "firewall-ips";

    /// <summary>The chain that refuses.</summary>
    public const string RejectChain = "reject-chain";

    /// <summary>What the names of affinity sets begin with.</summary>
    public const string AffinityPrefix = "affinity-";

    /// <summary>The chains with rules that do not depend on any Service; base chains are not among them.</summary>
    public static EquatableArray<string> FixedChains { get; } =
        [RejectChain, "service-endpoints-check", "firewall-check", "nodeport-endpoints-check", "cluster-ips-check", "masquerading", "services"];
}
