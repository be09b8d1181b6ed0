using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>The chains of one service port (spec 5.5.6 to 5.5.10).</content>
internal ref partial struct RuleWriter
{
    private void ExternalChain(ServicePortRules port, ChainHash hash)
    {
        ChainName chain = new(ChainKind.External, hash);
        if (port.Spec.ExternalPolicy == TrafficPolicy.Cluster)
        {
            Append(chain);
            Comment("masquerade traffic for "u8, port.Name, " external destinations"u8);
            JumpToMasquerade();
        }
        else
        {
            ShortCircuitRules(port, chain, new(ChainKind.Service, hash));
        }

        if (port.External.Verdict == FrontendVerdict.Dnat)
        {
            Append(chain);
            Jump(new ChainName(PolicyChain(port.Spec.ExternalPolicy), hash));
        }
    }

    /// <summary>Traffic from pods and from the node itself goes to all endpoints even if the policy is Local.</summary>
    private void ShortCircuitRules(ServicePortRules port, ChainName chain, ChainName clusterChain)
    {
        LocalTrafficDetector detector = Settings.LocalTraffic;
        if (detector.IsPresent)
        {
            Append(chain);
            if (detector.Kind != LocalTrafficKind.Prefix)
            {
                InputInterface(detector);
            }
            else if (!detector.Prefix.IsEverything)
            {
                Source(detector.Prefix);
            }

            Comment("pod traffic for "u8, port.Name, " external destinations"u8);
            Jump(clusterChain);
        }

        Append(chain);
        Comment("masquerade LOCAL traffic for "u8, port.Name, " external destinations"u8);
        _text.Write(" -m addrtype --src-type LOCAL"u8);
        JumpToMasquerade();

        Append(chain);
        Comment("route LOCAL traffic for "u8, port.Name, " external destinations"u8);
        _text.Write(" -m addrtype --src-type LOCAL"u8);
        Jump(clusterChain);
    }

    private void FirewallChain(ServicePortRules port, ChainHash hash)
    {
        ChainName chain = new(ChainKind.Firewall, hash);
        foreach (IpPrefix range in port.Spec.SourceRanges)
        {
            AcceptSource(port, chain, range);
        }

        if (port.NodeMayUseLoadBalancer)
        {
            foreach (IpAddress address in port.Spec.LoadBalancerIPs)
            {
                AcceptSource(port, chain, IpPrefix.Of(address));
            }
        }

        // A rule without target, whose comment describes what happens to other packets.
        Append(chain);
        Comment("other traffic to "u8, port.Name, " will be dropped by KUBE-PROXY-FIREWALL"u8);
        EndRule();
    }

    private void AcceptSource(ServicePortRules port, ChainName chain, IpPrefix range)
    {
        Append(chain);
        Source(range);
        Comment(default, port.Name, " loadbalancer IP"u8);
        Jump(chain with { Kind = ChainKind.External });
    }

    /// <summary>A KUBE-SVC or KUBE-SVL chain.</summary>
    private void GroupChain(ServicePortRules port, TrafficPolicy policy, ChainHash hash, ReadOnlySpan<ChainHash> endpointHashes)
    {
        ChainName chain = new(PolicyChain(policy), hash);
        ConnectionCounterRule(port, chain, policy == TrafficPolicy.Local ? CounterKind.SentToLocal : CounterKind.SentToCluster);
        if (port.Spec.InternalPolicy == policy && port.Internal.Verdict == FrontendVerdict.Dnat)
        {
            ClusterIPMasqueradeRule(port, chain);
        }

        EquatableArray<Endpoint> group = port.GroupOf(policy);
        EquatableArray<Endpoint> reachable = port.Endpoints.Reachable;
        if (port.Spec.HasAffinity)
        {
            int known = 0;
            foreach (Endpoint endpoint in group)
            {
                known = PositionOf(endpoint, reachable, known);
                Append(chain);
                EndpointComment(port.Name, endpoint);
                ChainName target = new(ChainKind.Endpoint, endpointHashes[known]);
                RecentMatch(" -m recent --rcheck --seconds "u8, port.Spec.AffinitySeconds, target);
                Jump(target);
            }
        }

        int position = 0;
        for (int index = 0; index < group.Length; index++)
        {
            position = PositionOf(group[index], reachable, position);
            Append(chain);
            EndpointComment(port.Name, group[index]);
            int remaining = group.Length - index;
            if (remaining > 1)
            {
                StatisticMatch(remaining);
            }

            Jump(new ChainName(ChainKind.Endpoint, endpointHashes[position]));
        }
    }

    private void StatisticMatch(int remaining)
    {
        Span<byte> probability = stackalloc byte[Probability.TextLength];
        Probability.Format(remaining, probability);
        _text.Write(" -m statistic --mode random --probability "u8);
        _text.Write(probability);
    }

    /// <summary>Groups are subsequences of the reachable list, so a search continues where the last one ended.</summary>
    private static int PositionOf(Endpoint endpoint, EquatableArray<Endpoint> reachable, int start)
    {
        while (reachable[start].Target != endpoint.Target)
        {
            start++;
        }

        return start;
    }

    private void ClusterIPMasqueradeRule(ServicePortRules port, ChainName chain)
    {
        LocalTrafficDetector detector = Settings.LocalTraffic;
        bool isSelective = !Settings.MasqueradeAll;

        // A prefix that covers all addresses leaves no external traffic; iptables-nft refuses the rule (docs/differences.md).
        if (isSelective && (!detector.IsPresent || (detector.Kind == LocalTrafficKind.Prefix && detector.Prefix.IsEverything)))
        {
            return;
        }

        Append(chain);
        if (isSelective && detector.Kind == LocalTrafficKind.Prefix)
        {
            _text.Write(" !"u8);
            Source(detector.Prefix);
        }

        Destination(port.Spec.ClusterIP);
        if (isSelective && detector.Kind != LocalTrafficKind.Prefix)
        {
            _text.Write(" !"u8);
            InputInterface(detector);
        }

        Protocol(port.Name.Protocol);
        Comment(default, port.Name, " cluster IP"u8);
        DestinationPort(port.Name.Protocol, port.Spec.Port);
        JumpToMasquerade();
    }

    private void EndpointChain(ServicePortRules port, Endpoint endpoint, ChainHash hash)
    {
        ChainName chain = new(ChainKind.Endpoint, hash);
        Append(chain);
        Source(endpoint.Target.Address);
        NameComment(port.Name);
        JumpToMasquerade();

        Append(chain);
        Protocol(port.Name.Protocol);
        NameComment(port.Name);
        if (port.Spec.HasAffinity)
        {
            RecentMatch(" -m recent --set"u8, seconds: 0, chain);
        }

        ProtocolMatch(port.Name.Protocol);
        _text.Write(" -j DNAT --to-destination "u8);
        _text.WriteAsListed(endpoint.Target);
        EndRule();
    }

    private void RecentMatch(scoped ReadOnlySpan<byte> start, int seconds, ChainName list)
    {
        _text.Write(start);
        if (seconds != 0)
        {
            _text.Write(seconds);
            _text.Write(" --reap"u8);
        }

        _text.Write(" --name "u8);
        NameText(list);
        _text.Write(IsIPv4
            ? " --mask 255.255.255.255 --rsource"u8
            : " --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource"u8);
    }

    /// <summary>The comments that large-cluster mode leaves out (spec 5.10).</summary>
    private void NameComment(ServicePortName name)
    {
        if (!_rules.IsLargeCluster)
        {
            Comment(default, name, default);
        }
    }

    private void EndpointComment(ServicePortName name, Endpoint endpoint)
    {
        if (_rules.IsLargeCluster)
        {
            return;
        }

        _text.Write(" -m comment --comment \""u8);
        NameText(name);
        _text.Write(" -> "u8);
        _text.Write(endpoint.Target);
        _text.WriteAscii((byte)'"');
    }
}
