using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <content>Which endpoint a packet is sent to (spec 4.5, 5.5, 6.4).</content>
public sealed partial class ModelWalker
{
    /// <summary>The first service port in the order of names that takes the packet; others are asked when it lets go of it.</summary>
    private List<ModelState> RewriteIptables(ModelState start)
    {
        ModelState state = start;
        foreach (ServicePortRules port in AllPorts())
        {
            bool hasNodePort = port.Spec.NodePort != 0;
            for (int index = 0; index < port.FrontendCount - (hasNodePort ? 1 : 0); index++)
            {
                Frontend frontend = port.FrontendAt(index);
                if (!Matches(port, frontend, state) || !port.Forwards(frontend))
                {
                    continue;
                }

                if (frontend.Kind == FrontendKind.LoadBalancerIP && port.HasFirewall && !IsAllowed(port))
                {
                    // Dropped later, unless something else is done with it.
                    continue;
                }

                if (Take(port, frontend, state) is { } paths)
                {
                    return paths;
                }
            }
        }

        if (!TakesNodePorts(state.Destination))
        {
            return [state];
        }

        foreach (ServicePortRules port in AllPorts())
        {
            if (MatchesNodePort(port, state) && port.Endpoints.HasEndpoints && Take(port, NodePortOf(port), state) is { } paths)
            {
                return paths;
            }
        }

        return [state];
    }

    private List<ModelState> RewriteNftables(ModelState start)
    {
        bool isMarked = MasqueradesClusterIPs && IsClusterIP(start.Destination);
        ModelState state = isMarked ? start with { IsMarked = true } : start;
        foreach (ServicePortRules port in AllPorts())
        {
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                bool isTaken = frontend.Kind != FrontendKind.NodePort && Matches(port, frontend, state)
                    && port.Owns(frontend) && !port.IsRepeated(index) && port.Forwards(frontend);
                if (isTaken)
                {
                    return Take(port, frontend, state) ?? [state];
                }
            }
        }

        if (!TakesNodePorts(state.Destination))
        {
            return [state];
        }

        foreach (ServicePortRules port in AllPorts())
        {
            if (MatchesNodePort(port, state) && port.Endpoints.HasEndpoints && port.Owns(NodePortOf(port)))
            {
                return Take(port, NodePortOf(port), state) ?? [state];
            }
        }

        return [state];
    }

    /// <summary>Sends a packet on from a frontend; null if it is let go because policy Local leaves nothing.</summary>
    private List<ModelState>? Take(ServicePortRules port, Frontend frontend, ModelState state)
    {
        ModelState taken = (state with { Service = port, Frontend = frontend }).With(ModelReasons.Dialled(port, frontend));
        if (!frontend.IsExternal)
        {
            if (_isNftables && MasqueradesClusterIPs)
            {
                taken = taken.With(_reasons.ClusterIPMasquerade());
            }

            return Spread(port, port.Spec.InternalPolicy, taken, "spec.internalTrafficPolicy");
        }

        if (frontend.Kind == FrontendKind.LoadBalancerIP && port.HasFirewall)
        {
            taken = taken.With(_reasons.AllowedSource(port));
        }

        if (port.Spec.ExternalPolicy == TrafficPolicy.Cluster)
        {
            return Spread(port, TrafficPolicy.Cluster, (taken with { IsMarked = true }).With(ModelReasons.ExternalMasquerade(port)), "spec.externalTrafficPolicy");
        }

        if (Settings.LocalTraffic.IsPresent && _isFromPod)
        {
            return Spread(port, TrafficPolicy.Cluster, taken.With(ModelReasons.ShortCut(port, isPod: true)), "");
        }

        if (_node.IsLocal(_source))
        {
            return Spread(port, TrafficPolicy.Cluster, (taken with { IsMarked = true }).With(ModelReasons.ShortCut(port, isPod: false)), "");
        }

        return port.Endpoints.Local.IsEmpty ? null : Spread(port, TrafficPolicy.Local, taken, "spec.externalTrafficPolicy");
    }

    /// <summary>One path for each endpoint of a group.</summary>
    private List<ModelState> Spread(ServicePortRules port, TrafficPolicy policy, ModelState state, string field)
    {
        EquatableArray<Endpoint> group = port.GroupOf(policy);
        bool masqueradesHere = !_isNftables && MasqueradesClusterIPs && port.Spec.InternalPolicy == policy
            && port.Internal.Verdict == FrontendVerdict.Dnat && Matches(port, port.FrontendAt(0), state);
        if (masqueradesHere && !state.IsMarked)
        {
            state = (state with { IsMarked = true }).With(_reasons.ClusterIPMasquerade());
        }
        else if (!state.IsMarked)
        {
            state = state.WithAll(_reasons.KeptSource(port, state.Frontend));
        }

        state = state.WithAll(_reasons.Group(port, policy, field));
        List<ModelState> paths = new(group.Length);
        foreach (Endpoint endpoint in group)
        {
            ModelState path = state with
            {
                Endpoint = endpoint,
                Destination = endpoint.Target.Address,
                Port = endpoint.Target.Port,
                Probability = state.Probability / group.Length,
                AffinitySeconds = port.Spec.AffinitySeconds,
            };
            bool isHairpin = !_isNftables && endpoint.Target.Address == _source;
            paths.Add(isHairpin ? (path with { IsMarked = true }).With(ModelReasons.Hairpin(path)) : path);
        }

        return paths;
    }

    /// <summary>Whether the node answers node ports at an address.</summary>
    private bool TakesNodePorts(IpAddress address)
    {
        NodePortAddresses configured = Settings.NodePortAddresses;
        bool isLoopbackTaken = !_isNftables && Settings.LocalhostNodePorts;
        bool isListed = configured.MatchesAll ? _node.IsLocal(address) : configured.Addresses.AsSpan().Contains(address);
        return isListed && (!address.IsLoopback || isLoopbackTaken);
    }

    private bool IsClusterIP(IpAddress address)
    {
        foreach (ServicePortRules port in AllPorts())
        {
            if (port.Spec.ClusterIP == address)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAllowed(ServicePortRules port)
    {
        foreach (IpPrefix range in port.Spec.SourceRanges)
        {
            if (range.Contains(_source))
            {
                return true;
            }
        }

        return port.NodeMayUseLoadBalancer && port.Spec.LoadBalancerIPs.AsSpan().Contains(_source);
    }
}
