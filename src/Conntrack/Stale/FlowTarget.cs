using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>The service port behind a frontend, and which destinations its flows may have.</summary>
/// <param name="port">The service port.</param>
internal sealed class FlowTarget(ServicePortRules port)
{
    /// <summary>Up to so many endpoints a walk over the list is as fast as a lookup, and needs no memory.</summary>
    private const int WalkLimit = 16;

    private HashSet<EndpointAddress>? _usable;
    private bool? _hasUsable;

    public ServicePortName Name => port.Name;

    /// <summary>Flows that were counted since the count began.</summary>
    public long Flows { get; set; }

    /// <summary>Whether there is an endpoint that flows may go to.</summary>
    public bool HasUsable => _hasUsable ??= FindUsable();

    /// <summary>Whether flows may go to an address.</summary>
    public bool IsUsable(EndpointAddress address)
    {
        ReadOnlySpan<Endpoint> all = port.Endpoints.All.AsSpan();
        if (all.Length > WalkLimit)
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

    // A connection outlives the readiness of its server, and drains while that terminates; a datagram needs an answer now.
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

/// <summary>What a flow dials, within one family.</summary>
/// <param name="Address">The destination; the default value for node ports.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="IsNodePort">Whether every address of the node that answers node ports is meant.</param>
internal readonly record struct FlowFrontend(IpAddress Address, ushort Port, TransportProtocol Protocol, bool IsNodePort)
{
    public static FlowFrontend Of(Frontend frontend, TransportProtocol protocol) =>
        new(frontend.Address, frontend.Port, protocol, frontend.Kind == FrontendKind.NodePort);
}
