using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>
/// A <c>v1</c> Service as the API sends it, with the fields that decide about rules and nothing else. Texts are as
/// written; <see cref="State.ServiceReader"/> turns them into strict values.
/// </summary>
public sealed record Service
{
    /// <summary>Namespace and name.</summary>
    public required NamespacedName Name { get; init; }

    /// <summary>Whether the Service carries <see cref="WellKnownLabels.ServiceProxyName"/> and so belongs to another proxy.</summary>
    public bool IsForOtherProxy { get; init; }

    /// <summary><c>spec.type</c>: ClusterIP, NodePort, LoadBalancer or ExternalName.</summary>
    public string Type { get; init; } = ClusterIPType;

    /// <summary><c>spec.clusterIP</c>: an address, <c>None</c>, or empty.</summary>
    public string ClusterIP { get; init; } = "";

    /// <summary><c>spec.clusterIPs</c>, parallel to <see cref="IpFamilies"/>.</summary>
    public EquatableArray<string> ClusterIPs { get; init; }

    /// <summary><c>spec.ipFamilies</c>: IPv4, IPv6.</summary>
    public EquatableArray<string> IpFamilies { get; init; }

    /// <summary><c>spec.ports</c>.</summary>
    public EquatableArray<ServicePort> Ports { get; init; }

    /// <summary><c>spec.externalIPs</c>.</summary>
    public EquatableArray<string> ExternalIPs { get; init; }

    /// <summary><c>spec.loadBalancerSourceRanges</c>.</summary>
    public EquatableArray<string> LoadBalancerSourceRanges { get; init; }

    /// <summary><c>status.loadBalancer.ingress</c>.</summary>
    public EquatableArray<LoadBalancerIngress> LoadBalancerIngress { get; init; }

    /// <summary><c>spec.sessionAffinity</c>: None or ClientIP.</summary>
    public string SessionAffinity { get; init; } = "None";

    /// <summary><c>spec.sessionAffinityConfig.clientIP.timeoutSeconds</c>, if set.</summary>
    public int? SessionAffinityTimeoutSeconds { get; init; }

    /// <summary><c>spec.externalTrafficPolicy</c>: Cluster, Local, or empty.</summary>
    public string ExternalTrafficPolicy { get; init; } = "";

    /// <summary><c>spec.internalTrafficPolicy</c>: Cluster, Local, or null.</summary>
    public string? InternalTrafficPolicy { get; init; }

    /// <summary><c>spec.healthCheckNodePort</c>; 0 if there is none.</summary>
    public int HealthCheckNodePort { get; init; }

    /// <summary>The default of <see cref="Type"/>.</summary>
    public const string ClusterIPType = "ClusterIP";
}

/// <summary>An element of <c>spec.ports</c> of a Service. The target port is not read: slices carry the real ports.</summary>
public sealed record ServicePort
{
    /// <summary><c>name</c>; empty for the only port of a Service that gives it none.</summary>
    public string Name { get; init; } = "";

    /// <summary><c>protocol</c>: TCP, UDP or SCTP.</summary>
    public string Protocol { get; init; } = "TCP";

    /// <summary><c>port</c>.</summary>
    public int Port { get; init; }

    /// <summary><c>nodePort</c>; 0 if there is none.</summary>
    public int NodePort { get; init; }
}

/// <summary>Which endpoints a kind of frontend may use.</summary>
public enum TrafficPolicy : byte
{
    /// <summary>All endpoints of the cluster.</summary>
    Cluster,

    /// <summary>Only endpoints on this node.</summary>
    Local,
}

/// <summary>An element of <c>status.loadBalancer.ingress</c> of a Service.</summary>
public sealed record LoadBalancerIngress
{
    /// <summary><c>ip</c>; empty for an entry that has only a host name.</summary>
    public string Ip { get; init; } = "";

    /// <summary><c>ipMode</c>: VIP, Proxy, or null, which means VIP.</summary>
    public string? IpMode { get; init; }
}
