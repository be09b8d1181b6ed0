using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <content>What is refused or dropped (spec 5.5, 6.3, 6.4). Destinations are those after rewriting.</content>
public sealed partial class ModelWalker
{
    /// <summary>nftables: source ranges, checked before the destination is rewritten.</summary>
    private ModelOutcome? FirewallDrop(ModelState state)
    {
        if (!_isNftables)
        {
            return null;
        }

        foreach (ServicePortRules port in AllPorts())
        {
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                bool isRestricted = frontend.Kind == FrontendKind.LoadBalancerIP && port.HasFirewall && Matches(port, frontend, state) && port.Owns(frontend);
                if (isRestricted && !IsAllowed(port))
                {
                    return Refuse(state, port, frontend, WalkVerdict.Drop, _reasons.RefusedSource(port));
                }
            }
        }

        return null;
    }

    private ModelOutcome? FilterInput(ModelState state)
    {
        if (_isNftables)
        {
            return NodePortCheck(state) ?? EndpointsCheck(state);
        }

        bool isMartian = Settings.LocalhostNodePorts && state.Destination.IsIPv4 && state.Destination.IsLoopback && !_source.IsLoopback && state.Endpoint is null;
        if (isMartian)
        {
            return state.With(ModelReasons.LoopbackFromOutside()).End(WalkVerdict.Drop);
        }

        if (SourceRangesCheck(state) is { } dropped)
        {
            return dropped;
        }

        return IsHealthCheck(state) ? null : ExternalCheck(state);
    }

    private ModelOutcome? FilterForward(ModelState state)
    {
        if (_isNftables)
        {
            return EndpointsCheck(state) ?? ClusterIPsCheck(state);
        }

        if (SourceRangesCheck(state) is { } dropped)
        {
            return dropped;
        }

        // Marked traffic is accepted before endpoints are checked.
        return state.IsMarked ? null : ClusterIPCheck(state) ?? ExternalCheck(state);
    }

    private ModelOutcome? FilterOutput(ModelState state)
    {
        if (_isNftables)
        {
            return EndpointsCheck(state) ?? ClusterIPsCheck(state);
        }

        return LoopbackCheckOfOutput(state) ?? SourceRangesCheck(state) ?? ClusterIPCheck(state);
    }

    private ModelOutcome? LoopbackCheckOfOutput(ModelState state)
    {
        bool isMartian = Settings.LocalhostNodePorts && state.Destination.IsIPv4 && state.Destination.IsLoopback && !_source.IsLoopback && state.Endpoint is null;
        return isMartian ? state.With(ModelReasons.LoopbackFromOutside()).End(WalkVerdict.Drop) : null;
    }

    /// <summary>iptables: what the source ranges of a Service did not let through.</summary>
    private ModelOutcome? SourceRangesCheck(ModelState state)
    {
        foreach (ServicePortRules port in AllPorts())
        {
            if (!port.Endpoints.HasEndpoints || !port.HasFirewall || port.Name.Protocol != _packet.Protocol || port.Spec.Port != state.Port)
            {
                continue;
            }

            foreach (IpAddress address in port.Spec.LoadBalancerIPs)
            {
                if (address == state.Destination)
                {
                    Frontend frontend = new(FrontendKind.LoadBalancerIP, address, port.Spec.Port);
                    return Refuse(state, port, frontend, WalkVerdict.Drop, IsAllowed(port) ? _reasons.NoLocalEndpoints(port, frontend) : _reasons.RefusedSource(port));
                }
            }
        }

        return null;
    }

    private bool IsHealthCheck(ModelState state)
    {
        foreach (ServicePortRules port in AllPorts())
        {
            if (port.Spec.HealthCheckNodePort != 0 && port.Spec.HealthCheckNodePort == state.Port && _packet.Protocol == TransportProtocol.Tcp)
            {
                return true;
            }
        }

        return false;
    }

    private ModelOutcome? ClusterIPCheck(ModelState state)
    {
        foreach (ServicePortRules port in AllPorts())
        {
            Frontend frontend = port.FrontendAt(0);
            if (port.Internal.Verdict != FrontendVerdict.Dnat && Matches(port, frontend, state))
            {
                return Refuse(state, port, frontend);
            }
        }

        return null;
    }

    private ModelOutcome? ExternalCheck(ModelState state)
    {
        bool isLocal = _node.IsLocal(state.Destination);
        foreach (ServicePortRules port in AllPorts())
        {
            if (port.External.Verdict == FrontendVerdict.Dnat)
            {
                continue;
            }

            for (int index = 1; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                bool isMatch = frontend.Kind == FrontendKind.NodePort ? isLocal && MatchesNodePort(port, state) : Matches(port, frontend, state);
                if (isMatch)
                {
                    return Refuse(state, port, frontend);
                }
            }
        }

        return null;
    }

    /// <summary>nftables: node ports without endpoints, at the addresses that answer node ports only.</summary>
    private ModelOutcome? NodePortCheck(ModelState state)
    {
        bool isTaken = !state.Destination.IsLoopback
            && (Settings.NodePortAddresses.MatchesAll || Settings.NodePortAddresses.Addresses.AsSpan().Contains(state.Destination));
        if (!isTaken)
        {
            return null;
        }

        foreach (ServicePortRules port in AllPorts())
        {
            if (MatchesNodePort(port, state) && port.External.Verdict != FrontendVerdict.Dnat && port.Owns(NodePortOf(port)))
            {
                return Refuse(state, port, NodePortOf(port));
            }
        }

        return null;
    }

    private ModelOutcome? EndpointsCheck(ModelState state)
    {
        foreach (ServicePortRules port in AllPorts())
        {
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                bool isRefused = frontend.Kind != FrontendKind.NodePort && port.PolicyOf(frontend).Verdict != FrontendVerdict.Dnat
                    && Matches(port, frontend, state) && port.Owns(frontend) && !port.IsRepeated(index);
                if (isRefused)
                {
                    return Refuse(state, port, frontend);
                }
            }
        }

        return null;
    }

    private ModelOutcome? ClusterIPsCheck(ModelState state)
    {
        if (IsClusterIP(state.Destination))
        {
            return state.With(_reasons.NoSuchPort(state)).End(WalkVerdict.Reject);
        }

        foreach (IpPrefix range in Settings.ServiceCidrs)
        {
            if (range.Contains(state.Destination))
            {
                return state.With(ModelReasons.Unallocated(state, range)).End(WalkVerdict.Drop);
            }
        }

        return null;
    }

    private ModelOutcome Refuse(ModelState state, ServicePortRules port, Frontend frontend)
    {
        FrontendVerdict verdict = port.PolicyOf(frontend).Verdict;
        return verdict == FrontendVerdict.Reject
            ? Refuse(state, port, frontend, WalkVerdict.Reject, ModelReasons.NoEndpoints(port))
            : Refuse(state, port, frontend, WalkVerdict.Drop, _reasons.NoLocalEndpoints(port, frontend));
    }

    private static ModelOutcome Refuse(ModelState state, ServicePortRules port, Frontend frontend, WalkVerdict verdict, ModelReason reason)
    {
        ModelState refused = state.Endpoint is null ? (state with { Service = port, Frontend = frontend }).With(ModelReasons.Dialled(port, frontend)) : state;
        return refused.With(reason).End(verdict);
    }
}
