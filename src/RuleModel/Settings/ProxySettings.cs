using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>The part of the configuration that determines rules. Defaults are kube-proxy's for iptables mode.</summary>
public sealed record ProxySettings
{
    /// <summary>The word that stands for the node's own addresses in <see cref="NodePortAddresses"/>.</summary>
    public const string PrimaryAddresses = "primary";

    /// <summary>Name of this node; empty when unknown, and then no endpoint is local.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>How pod traffic is recognised.</summary>
    public DetectLocalMode DetectLocalMode { get; init; }

    /// <summary>Comma-separated pod CIDRs of the cluster, for <see cref="DetectLocalMode.ClusterCidr"/>.</summary>
    public string ClusterCidr { get; init; } = "";

    /// <summary>Bridge name, for <see cref="DetectLocalMode.BridgeInterface"/>.</summary>
    public string BridgeInterface { get; init; } = "";

    /// <summary>Prefix of interface names, for <see cref="DetectLocalMode.InterfaceNamePrefix"/>.</summary>
    public string InterfaceNamePrefix { get; init; } = "";

    /// <summary>The bit of the packet mark that requests masquerading, 0 to 31.</summary>
    public int MasqueradeBit { get; init; } = 14;

    /// <summary>Whether all traffic to cluster IPs is masqueraded.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>CIDRs of the node addresses that answer node ports, or the single word "primary"; empty means all.</summary>
    public EquatableArray<string> NodePortAddresses { get; init; }

    /// <summary>Whether node ports answer on 127.0.0.1 (iptables mode only).</summary>
    public bool LocalhostNodePorts { get; init; } = true;

    /// <summary>Whether conntrack is liberal about TCP windows, which makes dropping INVALID packets unnecessary.</summary>
    public bool ConntrackTcpLiberal { get; init; }

    /// <summary><c>bindAddress</c>: overrides the node's address of its family unless it is unspecified.</summary>
    public string BindAddress { get; init; } = "0.0.0.0";

    /// <summary>Whether <c>spec.externalIPs</c> makes rules (feature gate AllowServiceExternalIPs).</summary>
    public bool AllowExternalIPs { get; init; } = true;

    /// <summary>What is masqueraded of what pods send out of the cluster; null for nothing (<c>--egress-masquerade</c>).</summary>
    public EgressPolicy? Egress { get; init; }
}
