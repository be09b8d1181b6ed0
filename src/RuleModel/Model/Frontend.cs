using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>A destination that clients connect to.</summary>
/// <param name="Kind">What kind of destination it is.</param>
/// <param name="Address">The address; the default value for <see cref="FrontendKind.NodePort"/>, which any node address serves.</param>
/// <param name="Port">The port: the service port, or the node port.</param>
public readonly record struct Frontend(FrontendKind Kind, IpAddress Address, ushort Port)
{
    /// <summary>Whether the traffic policy for external traffic applies.</summary>
    public bool IsExternal => Kind != FrontendKind.ClusterIP;
}

/// <summary>The kinds of destination that clients connect to.</summary>
public enum FrontendKind : byte
{
    /// <summary>The cluster IP with the service port.</summary>
    ClusterIP,

    /// <summary>An external IP with the service port.</summary>
    ExternalIP,

    /// <summary>A load-balancer ingress IP with the service port.</summary>
    LoadBalancerIP,

    /// <summary>The node port on the node's own addresses.</summary>
    NodePort,
}

/// <summary>The policy of the internal or of the external frontends of a service port.</summary>
/// <param name="Policy">Which endpoint group serves them.</param>
/// <param name="Verdict">
/// What happens to traffic from outside. External traffic from pods and from the node itself is short-circuited to the
/// Cluster group even when this says drop.
/// </param>
public readonly record struct FrontendPolicy(TrafficPolicy Policy, FrontendVerdict Verdict);

/// <summary>What happens to a connection to a frontend (spec 4.5).</summary>
public enum FrontendVerdict : byte
{
    /// <summary>It is sent to an endpoint.</summary>
    Dnat,

    /// <summary>It is refused with an ICMP port-unreachable error: the service port has no endpoints.</summary>
    Reject,

    /// <summary>It is dropped: there are endpoints, but the Local policy leaves none on this node.</summary>
    Drop,
}
