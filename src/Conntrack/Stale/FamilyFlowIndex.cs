using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>The frontends of one family, found by the destinations of flows. An update costs only what changed.</summary>
/// <param name="includesTcp">Whether TCP frontends are included.</param>
internal sealed class FamilyFlowIndex(bool includesTcp)
{
    /// <summary>The largest number of removed frontends that are remembered, which take about 20 MB.</summary>
    private const int GoneLimit = 262_144;

    private readonly Dictionary<FlowFrontend, FlowTarget> _live = [];
    private readonly HashSet<FlowFrontend> _gone = [];
    private FamilyRules? _rules;

    /// <summary>Number of removed frontends that were not remembered because there were too many.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Number of frontends that Services claim.</summary>
    public int LiveCount => _live.Count;

    /// <summary>Number of removed frontends that are remembered.</summary>
    public int GoneCount => _gone.Count;

    /// <summary>Whether any frontend, removed ones included, has a protocol.</summary>
    public bool Has(TransportProtocol protocol) =>
        _live.Keys.Any(frontend => frontend.Protocol == protocol) || _gone.Any(frontend => frontend.Protocol == protocol);

    /// <summary>Whether the index holds these rules.</summary>
    public bool IsAt(FamilyRules rules) => ReferenceEquals(_rules, rules);

    /// <summary>Updates the index to new rules by comparing all Services.</summary>
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

    /// <summary>Updates the index to new rules, of which only the named Services differ.</summary>
    public void Update(FamilyRules after, IReadOnlyCollection<NamespacedName> changed)
    {
        // A frontend may move from one changed Service to another: all are removed before any is added.
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

    /// <summary>Resets the counts of the flows of a protocol.</summary>
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

    /// <summary>Forgets the removed frontends.</summary>
    public void ForgetGone() => _gone.Clear();

    /// <summary>Finds the service port that a flow was sent to.</summary>
    /// <param name="original">The original direction of the flow.</param>
    /// <param name="localAddresses">The addresses of this node.</param>
    /// <param name="target">The service port, or null.</param>
    /// <returns>Whether the destination is a frontend, or was one that is remembered.</returns>
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
