using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Finds the service port that a destination belongs to.</summary>
internal sealed class PortFinder
{
    private readonly Dictionary<FrontendAddress, (ServicePortRules Port, TrafficPolicy Policy)> _frontends = [];
    private readonly Dictionary<(IpFamily Family, TransportProtocol Protocol, ushort Port), ServicePortRules> _nodePorts = [];

    public PortFinder(RuleModelSnapshot model)
    {
        foreach (FamilyRules rules in (ReadOnlySpan<FamilyRules>)[model.IPv4, model.IPv6])
        {
            foreach (ServicePortRules port in rules.Services.Values.SelectMany(service => service.Ports.AsSpan().ToArray()))
            {
                Add(rules.Family, port);
            }
        }
    }

    /// <summary>Finds the service port of a flow.</summary>
    public bool TryFind(in ConntrackTuple dialled, out ServicePortRules? port, out TrafficPolicy policy)
    {
        FrontendAddress frontend = new(dialled.Destination, (TransportProtocol)dialled.Protocol, dialled.DestinationPort);
        return TryFind(frontend, out port, out policy);
    }

    /// <summary>Finds the service port of a destination; that the node port is dialled at one of the node's addresses is up to the caller.</summary>
    public bool TryFind(FrontendAddress frontend, out ServicePortRules? port, out TrafficPolicy policy)
    {
        if (_frontends.TryGetValue(frontend, out (ServicePortRules Port, TrafficPolicy Policy) found))
        {
            (port, policy) = found;
            return true;
        }

        bool isNodePort = _nodePorts.TryGetValue((frontend.Address.Family, frontend.Protocol, frontend.Port), out port);
        policy = port?.Spec.ExternalPolicy ?? TrafficPolicy.Cluster;
        return isNodePort;
    }

    private void Add(IpFamily family, ServicePortRules port)
    {
        for (int index = 0; index < port.FrontendCount; index++)
        {
            Frontend frontend = port.FrontendAt(index);
            if (!port.Owns(frontend))
            {
                continue;
            }

            if (frontend.Kind == FrontendKind.NodePort)
            {
                _nodePorts[(family, port.Name.Protocol, frontend.Port)] = port;
            }
            else
            {
                _frontends[new(frontend.Address, port.Name.Protocol, frontend.Port)] = (port, port.PolicyOf(frontend).Policy);
            }
        }
    }
}
