namespace KubeProxySharp.RuleModel.Model;

/// <summary>The kinds of destination that clients dial.</summary>
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
