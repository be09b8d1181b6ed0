using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// What a Service asks for on one of its ports in one family: strict values, read and checked once (spec 2.4).
/// </summary>
public sealed record ServicePortSpec
{
    /// <summary>The identity.</summary>
    public required ServicePortName Name { get; init; }

    /// <summary>The cluster IP of this family.</summary>
    public required IpAddress ClusterIP { get; init; }

    /// <summary>The port on cluster IP, external IPs and load-balancer IPs, 1 to 65535.</summary>
    public required ushort Port { get; init; }

    /// <summary>The node port; 0 if there is none. Honoured for every Service type (spec 16, quirk 2).</summary>
    public ushort NodePort { get; init; }

    /// <summary>External IPs of this family, in the order of the Service.</summary>
    public EquatableArray<IpAddress> ExternalIPs { get; init; }

    /// <summary>Load-balancer ingress IPs of this family that the node itself must answer (ipMode VIP).</summary>
    public EquatableArray<IpAddress> LoadBalancerIPs { get; init; }

    /// <summary>The sources that may use the load-balancer IPs; empty means all.</summary>
    public EquatableArray<IpPrefix> SourceRanges { get; init; }

    /// <summary>How long a client keeps its endpoint, in seconds; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Policy of the cluster IP.</summary>
    public TrafficPolicy InternalPolicy { get; init; }

    /// <summary>Policy of external IPs, load-balancer IPs and the node port.</summary>
    public TrafficPolicy ExternalPolicy { get; init; }

    /// <summary>The health-check node port; 0 if there is none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    /// <summary>Whether clients keep their endpoint (ClientIP affinity).</summary>
    public bool HasAffinity => AffinitySeconds > 0;

    /// <summary>Whether there is any frontend besides the cluster IP.</summary>
    public bool IsExternallyAccessible => NodePort != 0 || !LoadBalancerIPs.IsEmpty || !ExternalIPs.IsEmpty;

    /// <summary>Whether some traffic is spread over all endpoints of the cluster (spec 2.4).</summary>
    public bool UsesClusterEndpoints => InternalPolicy == TrafficPolicy.Cluster || IsExternallyAccessible;

    /// <summary>Whether some traffic is spread over this node's endpoints only (spec 2.4).</summary>
    public bool UsesLocalEndpoints =>
        InternalPolicy == TrafficPolicy.Local || (ExternalPolicy == TrafficPolicy.Local && IsExternallyAccessible);
}
