using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Compares flows, one after the other, with what the rules would make of them.</summary>
internal sealed class FlowScan
{
    private const int EndpointsNamed = 3;

    private readonly RuleModelSnapshot _model;
    private readonly StaleFlows _staleFlows;
    private readonly PortFinder _finder;
    private readonly HashSet<IpAddress> _localAddresses;
    private readonly HashSet<IpFamily> _families;
    private readonly DateTimeOffset _now;
    private readonly HashSet<(EndpointAddress, TransportProtocol)> _endpoints = [];
    private readonly Dictionary<ServicePortName, PortCounts> _tallies = [];
    private readonly FlowFindings _findings = new();

    /// <summary>Begins a survey.</summary>
    /// <param name="model">The rules.</param>
    /// <param name="localAddresses">The addresses on the node's interfaces.</param>
    /// <param name="families">The families to look at.</param>
    /// <param name="now">When the flows were read, for their age.</param>
    public FlowScan(RuleModelSnapshot model, IEnumerable<IpAddress> localAddresses, IEnumerable<IpFamily> families, DateTimeOffset now)
    {
        _model = model;
        _localAddresses = [.. localAddresses];
        _families = [.. families];
        _now = now;
        _staleFlows = new(model, includesTcp: true);
        _staleFlows.SetLocalAddresses(_localAddresses);
        _finder = new(model);
        foreach (ServicePortRules port in model.IPv4.Services.Values.Concat(model.IPv6.Services.Values).SelectMany(service => service.Ports.AsSpan().ToArray()))
        {
            _endpoints.UnionWith(port.Endpoints.All.AsSpan().ToArray().Select(endpoint => (endpoint.Target, port.Name.Protocol)));
        }
    }

    public void Add(in ConntrackEntry flow)
    {
        if (!_families.Contains(flow.Family))
        {
            return;
        }

        _findings.Seen++;
        FlowVerdict verdict = _staleFlows.Decide(flow);
        if (verdict == FlowVerdict.Foreign)
        {
            if (IsOfDeletedService(flow))
            {
                AddStale(flow, FlowVerdict.ServiceGone, null);
            }

            return;
        }

        // What is not foreign dials a frontend that the finder knows too.
        _finder.TryFind(flow.Original, out ServicePortRules? port, out TrafficPolicy policy);
        _findings.OfServices++;
        _findings.Unreplied += flow.HasReply ? 0 : 1;
        if (verdict.IsStale())
        {
            AddStale(flow, verdict, port);
        }
        else if (port is not null && flow.IsDestinationTranslated)
        {
            if (!_tallies.TryGetValue(port.Name, out PortCounts? tally))
            {
                tally = new(port);
                _tallies.Add(port.Name, tally);
            }

            tally.Count(new(flow.Reply.Source, flow.Reply.SourcePort), policy, flow.HasReply);
        }
    }

    public FlowFindings Finish()
    {
        _findings.Services.AddRange(_tallies.Values.Select(tally => tally.Finish()).OrderByDescending(service => service.Flows).ThenBy(service => service.Name));
        return _findings;
    }

    /// <summary>
    /// Whether a flow goes through a frontend that no Service has, although it looks like one: its address is in a ServiceCIDR,
    /// or it is sent to an endpoint of ours. Ports of the node itself are others' (hostPort).
    /// </summary>
    private bool IsOfDeletedService(in ConntrackEntry flow)
    {
        TransportProtocol protocol = (TransportProtocol)flow.Protocol;
        if (!flow.IsDestinationTranslated || flow.Zone != 0 || protocol is not (TransportProtocol.Tcp or TransportProtocol.Udp or TransportProtocol.Sctp)
            || flow.TcpState is TcpState.TimeWait or TcpState.Close)
        {
            return false;
        }

        IpAddress destination = flow.Original.Destination;
        foreach (IpPrefix cidr in _model[flow.Family].Settings.ServiceCidrs)
        {
            if (cidr.Contains(destination))
            {
                return true;
            }
        }

        return !destination.IsLoopback && !_localAddresses.Contains(destination) && destination != _model[flow.Family].Settings.NodeIP
            && _endpoints.Contains((new(flow.Reply.Source, flow.Reply.SourcePort), protocol));
    }

    private void AddStale(in ConntrackEntry flow, FlowVerdict reason, ServicePortRules? port)
    {
        _findings.StaleByReason[reason] = _findings.StaleByReason.GetValueOrDefault(reason) + 1;
        if (_findings.Stale.Count < VerifyReport.ListLimit)
        {
            TimeSpan? age = flow.StartedAt is { } start && start <= _now ? _now - start : null;
            _findings.Stale.Add(new(flow, reason, port is null ? "" : port.Name.ToString(), age, Wanted(port)));
        }
    }

    private static string Wanted(ServicePortRules? port)
    {
        if (port is null)
        {
            return "no Service has this destination";
        }

        EquatableArray<Endpoint> endpoints = port.Endpoints.Reachable;
        if (endpoints.IsEmpty)
        {
            return "refused: the Service has no endpoints";
        }

        string named = string.Join(" or ", endpoints.AsSpan()[..Math.Min(endpoints.Length, EndpointsNamed)].ToArray().Select(endpoint => endpoint.Target.ToString()));
        return "sent to " + named + (endpoints.Length > EndpointsNamed ? $" or {endpoints.Length - EndpointsNamed} others" : "");
    }
}
