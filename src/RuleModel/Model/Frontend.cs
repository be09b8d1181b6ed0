using KubeProxySharp.RuleModel.Addresses;

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
