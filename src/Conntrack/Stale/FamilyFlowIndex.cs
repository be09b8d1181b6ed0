using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>The frontends of one family by what flows dial, kept up to date at the cost of what changed.</summary>
/// <param name="includesTcp">Whether TCP is looked at.</param>
internal sealed class FamilyFlowIndex(bool includesTcp)
{
    /// <summary>More frontends that went away are not remembered: about 20 MB.</summary>
    private const int GoneLimit = 262_144;

    private readonly Dictionary<FlowFrontend, FlowTarget> _live = [];
    private readonly HashSet<FlowFrontend> _gone = [];
    private FamilyRules? _rules;

    /// <summary>Frontends that went away and could not be remembered.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Number of frontends that Services claim.</summary>
    public int LiveCount => _live.Count;

    /// <summary>Number of frontends that went away and are remembered.</summary>
    public int GoneCount => _gone.Count;

    /// <summary>Whether some frontend, maybe one that went away, has a protocol.</summary>
    public bool Has(TransportProtocol protocol) =>
        _live.Keys.Any(frontend => frontend.Protocol == protocol) || _gone.Any(frontend => frontend.Protocol == protocol);

    /// <summary>Whether these are the rules that were taken over last.</summary>
    public bool IsAt(FamilyRules rules) => ReferenceEquals(_rules, rules);

    /// <summary>Looks for what differs by itself, at the cost of a walk over all Services.</summary>
    public void Update(FamilyRules after)
    {
        List<NamespacedName> changed = [];
        foreach ((NamespacedName name, ServiceRules service) in after.Services)
        {
            if (_rules is null || !ReferenceEquals(_rules.Services.GetValueOrDefault(name), service))
            {
                changed.Add(name);
            }
        }

        if (_rules is not null)
        {
            changed.AddRange(_rules.Services.Keys.Where(name => !after.Services.ContainsKey(name)));
        }

        Update(after, changed);
    }

    /// <summary>Takes over new rules, of which only the named Services differ.</summary>
    public void Update(FamilyRules after, IReadOnlyCollection<NamespacedName> changed)
    {
        // A frontend may move from one changed Service to another: all are taken out before any is put in.
        foreach (NamespacedName name in changed)
        {
            Remove(_rules?.Services.GetValueOrDefault(name));
        }

        foreach (NamespacedName name in changed)
        {
            Add(after.Services.GetValueOrDefault(name));
        }

        _rules = after;
    }

    /// <summary>Begins to count the flows of a protocol anew.</summary>
    public void BeginCount(TransportProtocol protocol)
    {
        foreach (FlowTarget target in _live.Values)
        {
            if (target.Name.Protocol == protocol)
            {
                target.Flows = 0;
            }
        }
    }

    /// <summary>Adds the service ports that have flows.</summary>
    public void CollectCounts(IpFamily family, List<ServiceFlowCount> counts)
    {
        HashSet<FlowTarget> seen = [];
        foreach (FlowTarget target in _live.Values)
        {
            if (target.Flows != 0 && seen.Add(target))
            {
                counts.Add(new(family, target.Name, target.Flows));
            }
        }
    }

    /// <summary>Forgets the frontends that went away.</summary>
    public void ForgetGone() => _gone.Clear();

    /// <summary>Finds the service port that a flow dials.</summary>
    /// <param name="original">The original direction of the flow.</param>
    /// <param name="localAddresses">The addresses of this node.</param>
    /// <param name="target">The service port, or null.</param>
    /// <returns>Whether the flow dials a frontend, or one that went away.</returns>
    public bool TryFind(in ConntrackTuple original, IReadOnlySet<IpAddress> localAddresses, out FlowTarget? target)
    {
        TransportProtocol protocol = (TransportProtocol)original.Protocol;
        FlowFrontend address = new(original.Destination, original.DestinationPort, protocol, IsNodePort: false);
        if (_live.TryGetValue(address, out target))
        {
            return true;
        }

        FlowFrontend nodePort = new(default, original.DestinationPort, protocol, IsNodePort: true);
        bool isNodePort = _live.TryGetValue(nodePort, out target);
        if ((isNodePort || _gone.Contains(nodePort)) && AnswersNodePorts(original.Destination, localAddresses))
        {
            return true;
        }

        target = null;
        return _gone.Contains(address);
    }

    private bool AnswersNodePorts(IpAddress destination, IReadOnlySet<IpAddress> localAddresses)
    {
        if (_rules is not { Settings: NodeSettings settings } || (destination.IsLoopback && !settings.LocalhostNodePorts))
        {
            return false;
        }

        NodePortAddresses answering = settings.NodePortAddresses;
        return answering.MatchesAll
            ? destination.IsLoopback || destination == settings.NodeIP || localAddresses.Contains(destination)
            : answering.Addresses.AsSpan().Contains(destination);
    }

    private void Remove(ServiceRules? service)
    {
        if (service is null)
        {
            return;
        }

        foreach (ServicePortRules port in service.Ports)
        {
            for (int index = 0; IsOfInterest(port) && index < port.FrontendCount; index++)
            {
                FlowFrontend frontend = FlowFrontend.Of(port.FrontendAt(index), port.Name.Protocol);
                if (_live.TryGetValue(frontend, out FlowTarget? target) && target.Name == port.Name)
                {
                    _live.Remove(frontend);
                    Remember(frontend);
                }
            }
        }
    }

    private void Add(ServiceRules? service)
    {
        if (service is null)
        {
            return;
        }

        foreach (ServicePortRules port in service.Ports)
        {
            if (!IsOfInterest(port))
            {
                continue;
            }

            FlowTarget target = new(port);
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                if (port.Owns(frontend))
                {
                    FlowFrontend key = FlowFrontend.Of(frontend, port.Name.Protocol);
                    _live[key] = target;
                    _gone.Remove(key);
                }
            }
        }
    }

    private void Remember(FlowFrontend frontend)
    {
        if (_gone.Count < GoneLimit)
        {
            _gone.Add(frontend);
        }
        else
        {
            Forgotten++;
        }
    }

    private bool IsOfInterest(ServicePortRules port) => includesTcp || port.Name.Protocol != TransportProtocol.Tcp;
}
