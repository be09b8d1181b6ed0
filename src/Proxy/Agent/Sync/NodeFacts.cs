using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// What rules need to know of the node: its Node object, the addresses on its interfaces, and the cluster's ServiceCIDRs.
/// Owned by the sync loop.
/// </summary>
/// <param name="settings">The configuration.</param>
/// <param name="readInterfaceAddresses">Reads the addresses on the interfaces.</param>
/// <param name="recorder">Records what changes; null if nothing is recorded.</param>
internal sealed class NodeFacts(ProxySettings settings, Func<IReadOnlyList<IpAddress>> readInterfaceAddresses, SyncRecorder? recorder = null)
{
    private ProxySettings _settings = settings;
    private readonly Dictionary<string, ServiceCidr> _serviceCidrs = new(StringComparer.Ordinal);
    private EquatableArray<IpAddress> _interfaceAddresses = Recorded(EquatableArray.Adopt<IpAddress>([.. readInterfaceAddresses()]), recorder);

    /// <summary>What is masqueraded of what pods send out of the cluster; null for nothing.</summary>
    public EgressPolicy? Egress
    {
        get => _settings.Egress;
        set
        {
            _settings = _settings with { Egress = value };
            recorder?.Egress(value);
        }
    }

    /// <summary>The last Node object; kept when it is deleted from the API (spec 12.4).</summary>
    public Node? Node { get; private set; }

    /// <summary>The addresses of the Node object, with the last known ones of a family that it lost.</summary>
    private LastKnownAddresses _kept = LastKnownAddresses.None;

    /// <summary>Reads the addresses on the interfaces again.</summary>
    public void RefreshAddresses()
    {
        EquatableArray<IpAddress> addresses = EquatableArray.Adopt<IpAddress>([.. readInterfaceAddresses()]);
        if (addresses != _interfaceAddresses)
        {
            _interfaceAddresses = Recorded(addresses, recorder);
        }
    }

    /// <summary>Takes new objects over.</summary>
    /// <returns>Whether the Node came or changed.</returns>
    public bool Take(ClusterFeed feed)
    {
        bool isNodeChanged = false;
        if (feed.Nodes.Take().TryGetValue(new("", _settings.NodeName), out Node? node) && node is not null)
        {
            isNodeChanged = node != Node;
            Node = node;
            _kept = _kept.Follow(node);
            if (isNodeChanged)
            {
                recorder?.Node(node);
            }
        }

        foreach ((NamespacedName name, ServiceCidr? cidr) in feed.ServiceCidrs.Take())
        {
            if (cidr is null)
            {
                _serviceCidrs.Remove(name.Name);
            }
            else
            {
                _serviceCidrs[name.Name] = cidr;
            }

            recorder?.ServiceCidr(name.Name, cidr);
        }

        return isNodeChanged;
    }

    /// <summary>The settings of a family as the facts are now.</summary>
    public NodeSettings Resolve(IpFamily family) =>
        NodeSettings.Resolve(family, _settings, Node is null ? null : Node with { Addresses = _kept.Addresses }, _interfaceAddresses, ServiceCidrs());

    /// <summary>What is wrong with the node's addresses, for people.</summary>
    /// <param name="resolved">The settings of the families that are written.</param>
    public List<string> Problems(IEnumerable<NodeSettings> resolved)
    {
        List<string> problems = [];
        foreach (NodeSettings family in resolved)
        {
            problems.AddRange(EgressProblem.Describe(Egress, [family]));
            if (_kept.IsLost(family.Family))
            {
                problems.Add($"Node {_settings.NodeName} has no {family.Family} address in status.addresses any more; {family.NodeIP} is used until it has one again");
            }

            if (UnansweredNodePorts.Describe(family, _settings, _kept.Addresses, _interfaceAddresses) is { } unanswered)
            {
                problems.Add(unanswered);
            }
        }

        return problems;
    }

    private static EquatableArray<IpAddress> Recorded(EquatableArray<IpAddress> addresses, SyncRecorder? recorder)
    {
        recorder?.InterfaceAddresses(addresses);
        return addresses;
    }

    private EquatableArray<IpPrefix> ServiceCidrs()
    {
        List<IpPrefix> prefixes = [];
        foreach (ServiceCidr cidr in _serviceCidrs.Values)
        {
            foreach (string text in cidr.Cidrs)
            {
                if (IpPrefix.TryParse(text, out IpPrefix prefix))
                {
                    prefixes.Add(prefix);
                }
            }
        }

        return EquatableArray.CopyOf(prefixes);
    }
}
