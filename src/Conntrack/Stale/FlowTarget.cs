using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>The service port of a frontend, and the endpoints that its flows may go to.</summary>
/// <param name="port">The service port.</param>
internal sealed class FlowTarget(ServicePortRules port)
{
    /// <summary>Up to this number of endpoints a linear search is as fast as a hash table, and needs no memory.</summary>
    private const int LinearSearchLimit = 16;

    private HashSet<EndpointAddress>? _usable;
    private bool? _hasUsable;

    public ServicePortName Name => port.Name;

    /// <summary>Number of flows counted since the last reset.</summary>
    public long Flows { get; set; }

    /// <summary>Whether there is an endpoint that flows may go to.</summary>
    public bool HasUsable => _hasUsable ??= FindUsable();

    /// <summary>Whether flows may go to an address.</summary>
    public bool IsUsable(EndpointAddress address)
    {
        ReadOnlySpan<Endpoint> all = port.Endpoints.All.AsSpan();
        if (all.Length > LinearSearchLimit)
        {
            return (_usable ??= CollectUsable()).Contains(address);
        }

        foreach (Endpoint endpoint in all)
        {
            if (endpoint.Target == address && MayKeepFlows(endpoint))
            {
                return true;
            }
        }

        return false;
    }

    // A connection outlives the readiness of its server, and drains while the server terminates; a datagram needs an answer now.
    private bool MayKeepFlows(Endpoint endpoint) => port.Name.Protocol != TransportProtocol.Udp || endpoint.IsServing;

    private bool FindUsable()
    {
        foreach (Endpoint endpoint in port.Endpoints.All)
        {
            if (MayKeepFlows(endpoint))
            {
                return true;
            }
        }

        return false;
    }

    private HashSet<EndpointAddress> CollectUsable()
    {
        HashSet<EndpointAddress> usable = [];
        foreach (Endpoint endpoint in port.Endpoints.All)
        {
            if (MayKeepFlows(endpoint))
            {
                usable.Add(endpoint.Target);
            }
        }

        return usable;
    }
}

/// <summary>The destination of a flow, within one family.</summary>
/// <param name="Address">The destination; the default value for node ports.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="IsNodePort">Whether it stands for every address of the node that answers node ports.</param>
internal readonly record struct FlowFrontend(IpAddress Address, ushort Port, TransportProtocol Protocol, bool IsNodePort)
{
    public static FlowFrontend Of(Frontend frontend, TransportProtocol protocol) =>
        new(frontend.Address, frontend.Port, protocol, frontend.Kind == FrontendKind.NodePort);
}
