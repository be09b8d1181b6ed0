namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The maps whose elements belong to frontends.</summary>
internal enum ElementMap : byte
{
    /// <summary>By address, to a verdict.</summary>
    ServiceIPs,

    /// <summary>By node port, to a verdict.</summary>
    ServiceNodePorts,

    /// <summary>By address, to a refusal.</summary>
    NoEndpointServices,

    /// <summary>By node port, to a refusal.</summary>
    NoEndpointNodePorts,

    /// <summary>By address, to the chain with the source ranges.</summary>
    FirewallIPs,

    /// <summary>By address and slot, to an endpoint.</summary>
    Endpoints,

    /// <summary>By address and slot, to an endpoint of this node.</summary>
    LocalEndpoints,

    /// <summary>By node port and slot, to an endpoint.</summary>
    NodePortEndpoints,

    /// <summary>By node port and slot, to an endpoint of this node.</summary>
    LocalNodePortEndpoints,
}
