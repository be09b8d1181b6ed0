namespace KubeProxySharp.Renderers.Iptables.Naming;

/// <summary>The kinds of per-service chains of the nat table (spec 1.3).</summary>
public enum ChainKind : byte
{
    /// <summary>KUBE-EXT: entry for all external destinations.</summary>
    External,

    /// <summary>KUBE-FW: load-balancer source ranges.</summary>
    Firewall,

    /// <summary>KUBE-SEP: one endpoint of one service port.</summary>
    Endpoint,

    /// <summary>KUBE-SVC: dispatch to the endpoints of the cluster.</summary>
    Service,

    /// <summary>KUBE-SVL: dispatch to the endpoints of this node.</summary>
    Local,
}
