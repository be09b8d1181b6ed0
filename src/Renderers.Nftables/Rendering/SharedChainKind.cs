namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The kinds of chains that frontends of many Services share.</summary>
internal enum SharedChainKind : byte
{
    /// <summary>Spreads over the map of endpoints, by address. For cluster IPs, and for short cuts.</summary>
    Cluster,

    /// <summary>The same for external addresses with policy Cluster: masqueraded.</summary>
    External,

    /// <summary>External addresses with policy Local: short cuts for pods and the node, then the local map.</summary>
    ExternalLocal,

    /// <summary>Spreads over the map of endpoints by node port. For short cuts.</summary>
    NodePortCluster,

    /// <summary>Node ports with policy Cluster: masqueraded.</summary>
    NodePort,

    /// <summary>Node ports with policy Local.</summary>
    NodePortLocal,
}
