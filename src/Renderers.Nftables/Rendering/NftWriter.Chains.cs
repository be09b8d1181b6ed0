using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Chains of frontends: shared ones, and those of single service ports.</content>
internal ref partial struct NftWriter<TEncoder>
{
    /// <summary>Makes a shared chain, or makes it anew.</summary>
    private void WriteSharedChain(SharedChain chain)
    {
        EmptyChain(chain);
        switch (chain.Kind)
        {
            case SharedChainKind.External or SharedChainKind.NodePort:
                MarkRule(chain);
                break;
            case SharedChainKind.ExternalLocal or SharedChainKind.NodePortLocal:
                ShortCuts(chain, chain.ShortCut);
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
        CountRule(chain, isLocal ? CountingSets.SentToLocal : CountingSets.SentToCluster);
        foreach (TransportProtocol protocol in ElementMaps.Protocols)
        {
            _encoder.BeginRule(chain);
            _encoder.MatchProtocol(protocol);
            _encoder.TranslateByMap(map.Key(), size, map.Name(protocol));
            _encoder.EndRule(default);
        }
    }

    private void EmptyChain(scoped ObjectName chain)
    {
        _encoder.AddChain(chain);
        _encoder.FlushChain(chain);
    }

    /// <summary>Makes the chains and sets of a service port, or makes them anew; known clients of affinity sets are kept.</summary>
    /// <param name="port">The port.</param>
    /// <param name="known">What the table has; null when nothing may be relied on.</param>
    private void WritePortChains(ServicePortRules port, ServicePortRules? known)
    {
        _encoder.BeginService(port.Name.Service);
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

        _encoder.EndService();
    }

    private void WriteAffinity(ServicePortRules port)
    {
        foreach (string set in PortChains.Sets(port))
        {
            _encoder.DeclareSet(new() { Name = set, Key = KeyFields.SourceAddress, TimeoutSeconds = port.Spec.AffinitySeconds });
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

        CountRule(chain, CountingSets.SourceRanges);
        _encoder.BeginRule(chain);
        _encoder.Drop();
        _encoder.EndRule(default);
    }

    private void AcceptSource(string chain, IpPrefix range)
    {
        _encoder.BeginRule(chain);
        _encoder.MatchAddress(KeyFields.SourceAddress, range, isNegated: false);
        _encoder.Return();
        _encoder.EndRule(default);
    }

    private void AffinityEndpointRules(ServicePortRules port)
    {
        foreach (Endpoint endpoint in port.Endpoints.Reachable)
        {
            string baseName = NftBaseName.Of(port.Name, endpoint.Target);
            _encoder.BeginRule(EndpointChain(baseName));
            _encoder.UpdateSet(AffinitySet(baseName), KeyFields.SourceAddress);
            _encoder.EndRule(default);
            _encoder.BeginRule(EndpointChain(baseName));
            _encoder.MatchProtocol(port.Name.Protocol);
            _encoder.Translate(endpoint.Target);
            _encoder.EndRule(default);
        }
    }

    private void AffinityGroupRules(ServicePortRules port, EquatableArray<Endpoint> group, VerdictKind kind)
    {
        if (group.IsEmpty)
        {
            return;
        }

        string chain = PortChains.Name(kind, port.Name);
        CountRule(chain, kind == VerdictKind.Local ? CountingSets.SentToLocal : CountingSets.SentToCluster);
        foreach (Endpoint endpoint in group)
        {
            string baseName = NftBaseName.Of(port.Name, endpoint.Target);
            _encoder.BeginRule(chain);
            _encoder.MatchSet(KeyFields.SourceAddress, AffinitySet(baseName));
            _encoder.Goto(EndpointChain(baseName));
            _encoder.EndRule(default);
        }

        for (int index = 0; index < group.Length; index++)
        {
            _encoder.BeginRule(chain);
            int remaining = group.Length - index;
            if (remaining > 1)
            {
                _encoder.MatchOneOf(remaining);
            }

            _encoder.Goto(EndpointChain(NftBaseName.Of(port.Name, group[index].Target)));
            _encoder.EndRule(default);
        }
    }

    private void AffinityExternalRules(ServicePortRules port)
    {
        string chain = PortChains.Name(VerdictKind.External, port.Name);
        if (port.Spec.ExternalPolicy == TrafficPolicy.Cluster)
        {
            MarkRule(chain);
        }
        else
        {
            ShortCuts(chain, PortChains.Name(VerdictKind.Service, port.Name));
        }

        if (port.External.Verdict == FrontendVerdict.Dnat)
        {
            _encoder.BeginRule(chain);
            _encoder.Goto(PortChains.Name(port.Spec.ExternalPolicy == TrafficPolicy.Local ? VerdictKind.Local : VerdictKind.Service, port.Name));
            _encoder.EndRule(default);
        }
    }

    private static ObjectName EndpointChain(string baseName) => new("endpoint-"u8, baseName);

    private static ObjectName AffinitySet(string baseName) => new("affinity-"u8, baseName);
}
