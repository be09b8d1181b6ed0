namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The resources of the API server that are watched (spec 13.1).</summary>
internal enum WatchedResource
{
    /// <summary><c>v1</c> services.</summary>
    Services,

    /// <summary><c>discovery.k8s.io/v1</c> endpointslices.</summary>
    EndpointSlices,

    /// <summary><c>v1</c> nodes: this node.</summary>
    Nodes,

    /// <summary><c>networking.k8s.io/v1</c> servicecidrs.</summary>
    ServiceCidrs,
}
