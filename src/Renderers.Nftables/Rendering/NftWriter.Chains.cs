using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Chains of frontends: shared ones, and those of single service ports.</content>
internal ref partial struct NftWriter
{
    /// <summary>Makes a shared chain, or makes it anew.</summary>
    private void WriteSharedChain(SharedChain chain)
    {
        foreach (bool isAdded in (ReadOnlySpan<bool>)[true, false])
        {
            Command(isAdded ? "add chain"u8 : "flush chain"u8, default(ReadOnlySpan<byte>));
            chain.Write(ref _text);
            EndLine();
        }

        switch (chain.Kind)
        {
            case SharedChainKind.External or SharedChainKind.NodePort:
                BeginRule(chain);
                SetMark();
                Line(" comment \"masquerade\""u8);
                break;
            case SharedChainKind.ExternalLocal or SharedChainKind.NodePortLocal:
                SharedShortCuts(chain);
                break;
        }

        bool isLocal = chain.Kind is SharedChainKind.ExternalLocal or SharedChainKind.NodePortLocal;
        int size = isLocal ? chain.LocalSize : chain.ClusterSize;
        if (size == 0)
        {
            // No endpoint on this node: what is not short-cut is dropped by the endpoint check.
            return;
        }

        ElementMap map = (chain.Kind >= SharedChainKind.NodePortCluster, isLocal) switch
        {
            (false, false) => ElementMap.Endpoints,
            (false, true) => ElementMap.LocalEndpoints,
            (true, false) => ElementMap.NodePortEndpoints,
            (true, true) => ElementMap.LocalNodePortEndpoints,
        };
        foreach (TransportProtocol protocol in ElementMaps.Protocols)
        {
            SpreadRule(chain, map, size, protocol);
        }
    }

    private void SpreadRule(SharedChain chain, ElementMap map, int size, TransportProtocol protocol)
    {
        BeginRule(chain);
        _text.Write("meta l4proto "u8);
        _text.Write(protocol.ToLowerText());
        _text.Write(" dnat "u8);
        _text.Write(Family);
        _text.Write(" to "u8);
        if (!map.IsByNodePort())
        {
            Payload("daddr . "u8);
        }

        _text.Write("th dport . numgen random mod "u8);
        _text.Write(size);
        _text.Write(" map @"u8);
        _text.Write(protocol.ToLowerText());
        Line(map.Name());
    }

    private void SharedShortCuts(SharedChain chain)
    {
        if (Settings.LocalTraffic.IsPresent)
        {
            BeginRule(chain);
            if (!IsEverything(Settings.LocalTraffic))
            {
                LocalTraffic(isNegated: false);
            }

            Goto(chain.ShortCut);
            Line(" comment \"short-circuit pod traffic\""u8);
        }

        BeginRule(chain);
        _text.Write("fib saddr type local "u8);
        SetMark();
        Line(" comment \"masquerade local traffic\""u8);
        BeginRule(chain);
        _text.Write("fib saddr type local "u8);
        Goto(chain.ShortCut);
        Line(" comment \"short-circuit local traffic\""u8);
    }

    private void Goto(SharedChain chain)
    {
        _text.Write("goto "u8);
        chain.Write(ref _text);
    }

    private void BeginRule(SharedChain chain)
    {
        Command("add rule"u8, default(ReadOnlySpan<byte>));
        chain.Write(ref _text);
        _text.WriteAscii((byte)' ');
    }

    private void BeginRule(string chain)
    {
        Command("add rule"u8, chain);
        _text.WriteAscii((byte)' ');
    }

    /// <summary>Makes the chains and sets of a service port, or makes them anew; known clients of affinity sets are kept.</summary>
    /// <param name="port">The port.</param>
    /// <param name="known">What the table has; null when nothing may be relied on.</param>
    private void WritePortChains(ServicePortRules port, ServicePortRules? known)
    {
        if (port.HasFirewall && !PortChains.HasSameFirewall(port, known))
        {
            string chain = PortChains.Name(VerdictKind.Firewall, port.Name);
            EmptyChain(chain);
            FirewallRules(port, chain);
        }

        if (port.Spec.HasAffinity)
        {
            WriteAffinity(port);
        }
    }

    private void EmptyChain(string chain)
    {
        CommandLine("add chain"u8, chain);
        CommandLine("flush chain"u8, chain);
    }

    private void WriteAffinity(ServicePortRules port)
    {
        foreach (string set in PortChains.Sets(port))
        {
            Command("add set"u8, set);
            _text.Write(" { typeof "u8);
            Payload("saddr; flags dynamic,timeout; timeout "u8);
            _text.Write(port.Spec.AffinitySeconds);
            Line("s; }"u8);
        }

        foreach (string chain in PortChains.AffinityChains(port))
        {
            EmptyChain(chain);
        }

        AffinityEndpointRules(port);
        AffinityGroupRules(port, port.Endpoints.Cluster, VerdictKind.Service);
        AffinityGroupRules(port, port.Endpoints.Local, VerdictKind.Local);
        if (port.ServesExternalTraffic)
        {
            AffinityExternalRules(port);
        }
    }

    /// <summary>
    /// One rule per range: an anonymous set for each Service is what makes loading slow, since the kernel looks for a name
    /// for it among all sets of the table.
    /// </summary>
    private void FirewallRules(ServicePortRules port, string chain)
    {
        foreach (IpPrefix range in port.Spec.SourceRanges)
        {
            AcceptSource(chain, range);
        }

        if (port.NodeMayUseLoadBalancer)
        {
            foreach (IpAddress address in port.Spec.LoadBalancerIPs)
            {
                AcceptSource(chain, IpPrefix.Of(address));
            }
        }

        BeginRule(chain);
        Line("drop"u8);
    }

    private void AcceptSource(string chain, IpPrefix range)
    {
        BeginRule(chain);
        Payload("saddr "u8);
        Prefix(range);
        Line(" return"u8);
    }

    private void AffinityEndpointRules(ServicePortRules port)
    {
        foreach (Endpoint endpoint in port.Endpoints.Reachable)
        {
            string baseName = NftBaseName.Of(port.Name, endpoint.Target);
            BeginRule("endpoint-" + baseName);
            _text.Write("update @affinity-"u8);
            _text.Write(baseName);
            _text.Write(" { "u8);
            Payload("saddr }\n"u8);
            BeginRule("endpoint-" + baseName);
            _text.Write("meta l4proto "u8);
            _text.Write(port.Name.Protocol.ToLowerText());
            _text.Write(" dnat to "u8);
            _text.Write(endpoint.Target);
            EndLine();
        }
    }

    private void AffinityGroupRules(ServicePortRules port, EquatableArray<Endpoint> group, VerdictKind kind)
    {
        string chain = group.IsEmpty ? "" : PortChains.Name(kind, port.Name);
        foreach (Endpoint endpoint in group)
        {
            string baseName = NftBaseName.Of(port.Name, endpoint.Target);
            BeginRule(chain);
            Payload("saddr @affinity-"u8);
            _text.Write(baseName);
            _text.Write(" goto endpoint-"u8);
            _text.Write(baseName);
            EndLine();
        }

        for (int index = 0; index < group.Length; index++)
        {
            BeginRule(chain);
            int remaining = group.Length - index;
            if (remaining > 1)
            {
                _text.Write("numgen random mod "u8);
                _text.Write(remaining);
                _text.Write(" 0 "u8);
            }

            _text.Write("goto endpoint-"u8);
            _text.Write(NftBaseName.Of(port.Name, group[index].Target));
            EndLine();
        }
    }

    private void AffinityExternalRules(ServicePortRules port)
    {
        string chain = PortChains.Name(VerdictKind.External, port.Name);
        if (port.Spec.ExternalPolicy == TrafficPolicy.Cluster)
        {
            BeginRule(chain);
            SetMark();
            Line(" comment \"masquerade\""u8);
        }
        else
        {
            AffinityShortCuts(port, chain);
        }

        if (port.External.Verdict == FrontendVerdict.Dnat)
        {
            BeginRule(chain);
            _text.Write("goto "u8);
            _text.Write(PortChains.Name(port.Spec.ExternalPolicy == TrafficPolicy.Local ? VerdictKind.Local : VerdictKind.Service, port.Name));
            EndLine();
        }
    }

    private void AffinityShortCuts(ServicePortRules port, string chain)
    {
        string cluster = PortChains.Name(VerdictKind.Service, port.Name);
        if (Settings.LocalTraffic.IsPresent)
        {
            BeginRule(chain);
            if (!IsEverything(Settings.LocalTraffic))
            {
                LocalTraffic(isNegated: false);
            }

            _text.Write("goto "u8);
            _text.Write(cluster);
            Line(" comment \"short-circuit pod traffic\""u8);
        }

        BeginRule(chain);
        _text.Write("fib saddr type local "u8);
        SetMark();
        Line(" comment \"masquerade local traffic\""u8);
        BeginRule(chain);
        _text.Write("fib saddr type local goto "u8);
        _text.Write(cluster);
        Line(" comment \"short-circuit local traffic\""u8);
    }
}
