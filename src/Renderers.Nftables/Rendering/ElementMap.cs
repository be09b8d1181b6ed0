using KubeProxySharp.RuleModel.Inputs;

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

/// <summary>Properties of <see cref="ElementMap"/>.</summary>
internal static class ElementMaps
{
    /// <summary>The protocols that maps with slots exist for.</summary>
    public static ReadOnlySpan<TransportProtocol> Protocols => [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp];

    public static ReadOnlySpan<ElementMap> All =>
    [
        ElementMap.ServiceIPs,
        ElementMap.ServiceNodePorts,
        ElementMap.NoEndpointServices,
        ElementMap.NoEndpointNodePorts,
        ElementMap.FirewallIPs,
        ElementMap.Endpoints,
        ElementMap.LocalEndpoints,
        ElementMap.NodePortEndpoints,
        ElementMap.LocalNodePortEndpoints,
    ];

    /// <summary>The name.</summary>
    /// <param name="map">The map.</param>
    /// <param name="protocol">Of maps with slots, the protocol.</param>
    public static ReadOnlySpan<byte> Name(this ElementMap map, TransportProtocol? protocol) => map switch
    {
        ElementMap.ServiceIPs => "service-ips"u8,
        ElementMap.ServiceNodePorts => "service-nodeports"u8,
        ElementMap.NoEndpointServices => "no-endpoint-services"u8,
        ElementMap.NoEndpointNodePorts => "no-endpoint-nodeports"u8,
        ElementMap.FirewallIPs => "firewall-ips"u8,
        ElementMap.Endpoints => Of(protocol, "tcp-endpoints"u8, "udp-endpoints"u8, "sctp-endpoints"u8),
        ElementMap.LocalEndpoints => Of(protocol, "tcp-local-endpoints"u8, "udp-local-endpoints"u8, "sctp-local-endpoints"u8),
        ElementMap.NodePortEndpoints => Of(protocol, "tcp-nodeport-endpoints"u8, "udp-nodeport-endpoints"u8, "sctp-nodeport-endpoints"u8),
        _ => Of(protocol, "tcp-local-nodeport-endpoints"u8, "udp-local-nodeport-endpoints"u8, "sctp-local-nodeport-endpoints"u8),
    };

    /// <summary>The fields of keys; where there is a map for each protocol, no key has one.</summary>
    public static KeyFields Key(this ElementMap map) =>
        (map.IsByNodePort() ? KeyFields.None : KeyFields.DestinationAddress)
        | KeyFields.DestinationPort
        | (map.HasSlots() ? KeyFields.Slot : KeyFields.Protocol);

    /// <summary>Whether keys have no address.</summary>
    public static bool IsByNodePort(this ElementMap map) =>
        map is ElementMap.ServiceNodePorts or ElementMap.NoEndpointNodePorts or ElementMap.NodePortEndpoints or ElementMap.LocalNodePortEndpoints;

    /// <summary>Whether keys end in a slot and values are endpoints. Of these maps there is one for each protocol.</summary>
    public static bool HasSlots(this ElementMap map) => map >= ElementMap.Endpoints;

    private static ReadOnlySpan<byte> Of(TransportProtocol? protocol, ReadOnlySpan<byte> tcp, ReadOnlySpan<byte> udp, ReadOnlySpan<byte> sctp) =>
        protocol switch { TransportProtocol.Tcp => tcp, TransportProtocol.Udp => udp, _ => sctp };
}
