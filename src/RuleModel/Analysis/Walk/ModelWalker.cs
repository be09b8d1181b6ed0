using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Follows the first packet of a connection from one source by what the model says, without any rule: frontends, policies,
/// endpoint groups, settings. It is written from the behaviour that is wanted, and <see cref="PacketWalker"/> from the
/// rules; where both differ, one of the renderers, readers or walks is wrong.
/// </summary>
public sealed partial class ModelWalker
{
    private readonly FamilyRules _rules;
    private readonly NodeView _node;
    private readonly bool _isNftables;
    private readonly WalkPacket _packet;
    private readonly IpAddress _source;
    private readonly bool _isFromPod;
    private readonly ModelReasons _reasons;

    private ModelWalker(FamilyRules rules, NodeView node, RuleDialect dialect, WalkPacket packet)
    {
        _rules = rules;
        _node = node;
        _isNftables = dialect == RuleDialect.Nftables;
        _packet = packet;
        _source = IpAddress.FromBits(packet.Source.First);
        _isFromPod = IsLocalTraffic(rules.Settings.LocalTraffic);
        _reasons = new ModelReasons(rules, _source, packet.Protocol, dialect);
    }

    private NodeSettings Settings => _rules.Settings;

    private bool IsFromNode => _packet.InputInterface is null;

    /// <summary>All paths that a packet can take.</summary>
    /// <param name="rules">The model.</param>
    /// <param name="node">The node.</param>
    /// <param name="dialect">The mode of the rules.</param>
    /// <param name="packet">The packet, with one source.</param>
    public static IReadOnlyList<ModelOutcome> Walk(FamilyRules rules, NodeView node, RuleDialect dialect, WalkPacket packet)
    {
        if (!packet.Source.IsSingle)
        {
            throw new ArgumentException("the packet must have one source", nameof(packet));
        }

        List<ModelOutcome> outcomes = [];
        new ModelWalker(rules, node, dialect, packet).Walk(outcomes);
        return outcomes;
    }

    private void Walk(List<ModelOutcome> outcomes)
    {
        ModelState start = new()
        {
            Destination = _packet.Destination,
            Port = _packet.DestinationPort,
        };
        if ((_packet.Mark & Settings.MasqueradeMark) != 0)
        {
            start = (start with { IsMarked = true }).With(ModelReasons.AlreadyMarked(Settings.MasqueradeMark));
        }

        if (FirewallDrop(start) is { } dropped)
        {
            outcomes.Add(dropped);
            return;
        }

        foreach (ModelState routed in _isNftables ? RewriteNftables(start) : RewriteIptables(start))
        {
            outcomes.Add(IsFromNode ? FinishFromNode(routed) : FinishFromNetwork(routed));
        }
    }

    private ModelOutcome FinishFromNetwork(ModelState state)
    {
        if (_node.IsLocal(state.Destination))
        {
            return FilterInput(state) ?? state.WithAll(_reasons.Untouched(state)).End(WalkVerdict.Accept);
        }

        return FilterForward(state) ?? Masquerade(state).End(WalkVerdict.Accept);
    }

    private ModelOutcome FinishFromNode(ModelState state)
    {
        if (FilterOutput(state) is { } refused)
        {
            return refused;
        }

        ModelState sent = Masquerade(state);
        if (!_node.IsLocal(sent.Destination))
        {
            return sent.End(WalkVerdict.Accept);
        }

        // Delivered over loopback: it comes in again, with its addresses settled.
        return FirewallDrop(sent) ?? FilterInput(sent) ?? sent.End(WalkVerdict.Accept);
    }

    private ModelState Masquerade(ModelState state)
    {
        state = state.WithAll(_reasons.Untouched(state));
        if (state.IsMarked)
        {
            return state with { IsMasqueraded = true };
        }

        return _isNftables && IsHairpin(state)
            ? (state with { IsMasqueraded = true }).With(ModelReasons.Hairpin(state))
            : MasqueradeEgress(state);
    }

    /// <summary>What pods of this node send out of the cluster leaves with the address of the node, if that is on.</summary>
    private ModelState MasqueradeEgress(ModelState state)
    {
        if (Settings.Egress is not { } egress || !IsLocalTraffic(egress.Pods) || _node.IsLocal(_source))
        {
            return state;
        }

        bool isKept = egress.Keeps(state.Destination);
        return (state with { IsMasqueraded = !isKept }).With(_reasons.Egress(state.Destination, egress));
    }

    /// <summary>Whether an endpoint of this node was sent to itself.</summary>
    private bool IsHairpin(ModelState state)
    {
        if (state.Endpoint is null || state.Destination != _source)
        {
            return false;
        }

        foreach (ServicePortRules port in AllPorts())
        {
            foreach (Endpoint endpoint in port.Endpoints.Reachable)
            {
                bool isSame = endpoint.IsLocal && port.Name.Protocol == _packet.Protocol && endpoint.Target == new EndpointAddress(state.Destination, state.Port);
                if (isSame)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool IsLocalTraffic(LocalTrafficDetector detector) => detector.Kind switch
    {
        LocalTrafficKind.Prefix => detector.Prefix.Contains(_source),
        LocalTrafficKind.Interface => string.Equals(_packet.InputInterface, detector.Interface, StringComparison.Ordinal),
        LocalTrafficKind.InterfacePrefix => _packet.InputInterface?.StartsWith(detector.Interface, StringComparison.Ordinal) ?? false,
        _ => false,
    };

    /// <summary>Whether the settings ask to masquerade this packet when it is for a cluster IP.</summary>
    private bool MasqueradesClusterIPs => Settings.MasqueradeAll || (Settings.LocalTraffic.IsPresent && !_isFromPod);

    private bool Matches(ServicePortRules port, Frontend frontend, ModelState state) =>
        port.Name.Protocol == _packet.Protocol && frontend.Port == state.Port && frontend.Address == state.Destination;

    private bool MatchesNodePort(ServicePortRules port, ModelState state) =>
        port.Spec.NodePort != 0 && port.Name.Protocol == _packet.Protocol && port.Spec.NodePort == state.Port;

    private static Frontend NodePortOf(ServicePortRules port) => port.FrontendAt(port.FrontendCount - 1);

    private IEnumerable<ServicePortRules> AllPorts()
    {
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in _rules.Services)
        {
            for (int index = 0; index < service.Value.Ports.Length; index++)
            {
                yield return service.Value.Ports[index];
            }
        }
    }
}
