using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>The parts that do not depend on any Service (spec 6.2 to 6.4, with the maps of docs/nftables.md).</content>
internal ref partial struct NftWriter<TEncoder>
{
    /// <summary>Node ports never answer on loopback in this mode (spec 6.6).</summary>
    private readonly IpPrefix Loopback =>
        _rules.Family == IpFamily.IPv4 ? IpPrefix.Create(IpAddress.FromIPv4(0x7F00_0000), 8) : IpPrefix.Of(IpAddress.FromBits(UInt128.One));

    /// <summary>The table with its sets, maps, base chains and fixed chains.</summary>
    private void Table()
    {
        _encoder.BeginTable(ObjectComment("rules for kube-proxy"u8));
        Sets();
        BaseChains();
        CheckChains();
        _encoder.BeginChain("services"u8, isFixed: false, default);
        ServicesRules();
        _encoder.EndChain();
        _encoder.EndTable();
    }

    private void Sets()
    {
        Declare("cluster-ips"u8, SetKeys.Address, "Active ClusterIPs"u8);
        Declare("nodeport-ips"u8, SetKeys.Address, "IPs that accept NodePort traffic"u8);
        Declare("hairpin-connections"u8, SetKeys.Connection, "service hairpin connections"u8);
        DeclareVerdicts(ElementMap.NoEndpointServices, "vmap to drop or reject packets to services with no endpoints"u8);
        DeclareVerdicts(ElementMap.NoEndpointNodePorts, "vmap to drop or reject packets to service nodeports with no endpoints"u8);
        DeclareVerdicts(ElementMap.FirewallIPs, "destinations that are subject to LoadBalancerSourceRanges"u8);
        DeclareVerdicts(ElementMap.ServiceIPs, "ClusterIP, ExternalIP and LoadBalancer IP traffic"u8);
        DeclareVerdicts(ElementMap.ServiceNodePorts, "NodePort traffic"u8);
        DeclareCountingSets();
        foreach (TransportProtocol protocol in ElementMaps.Protocols)
        {
            foreach (ElementMap map in ElementMaps.All)
            {
                if (map.HasSlots())
                {
                    DeclareSlots(map, protocol);
                }
            }
        }
    }

    private void Declare(ReadOnlySpan<byte> name, KeyFields key, ReadOnlySpan<byte> comment) =>
        _encoder.DeclareSet(new() { Name = name, Key = key, Comment = ObjectComment(comment) });

    private void DeclareVerdicts(ElementMap map, ReadOnlySpan<byte> comment) =>
        _encoder.DeclareSet(new()
        {
            Name = map.Name(protocol: null),
            Key = map.Key(),
            Data = ElementData.Verdict,
            Comment = ObjectComment(comment),
        });

    /// <summary>
    /// A map for each protocol, because of what nft 1.0.6 does when a rule is added to a table that it has to list first:
    /// it reads the declared type of the value as a match. "th dport" is then refused ("conflicting protocols specified: ip
    /// vs. th"), and "tcp dport" silently becomes a match for TCP; here that match is in the rule anyway.
    /// </summary>
    private void DeclareSlots(ElementMap map, TransportProtocol protocol) =>
        _encoder.DeclareSet(new()
        {
            Name = map.Name(protocol),
            Key = map.Key(),
            Data = ElementData.Endpoint,
            Protocol = protocol,
            Comment = ObjectComment("endpoints by destination and slot"u8),
        });

    private void BaseChains()
    {
        FilterChain("filter-prerouting-pre-dnat"u8, ChainHook.Prerouting, -110, "firewall-check"u8);
        FilterChain("filter-output-pre-dnat"u8, ChainHook.Output, -110, "firewall-check"u8);
        FilterChain("filter-input"u8, ChainHook.Input, 0, "nodeport-endpoints-check"u8, "service-endpoints-check"u8);
        FilterChain("filter-forward"u8, ChainHook.Forward, 0, "service-endpoints-check"u8, "cluster-ips-check"u8);
        FilterChain("filter-output"u8, ChainHook.Output, 0, "service-endpoints-check"u8, "cluster-ips-check"u8);
        NatChain("nat-prerouting"u8, ChainHook.Prerouting, -100, "services"u8);
        NatChain("nat-output"u8, ChainHook.Output, -100, "services"u8);
        NatChain("nat-postrouting"u8, ChainHook.Postrouting, 100, "masquerading"u8, Settings.Egress is null ? default : EgressChain);
    }

    /// <summary>A chain that sends new connections to one or two others.</summary>
    private void FilterChain(ReadOnlySpan<byte> name, ChainHook hook, int priority, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        _encoder.BeginBaseChain(name, ChainType.Filter, hook, priority);
        CheckRule(name, first);
        if (!second.IsEmpty)
        {
            CheckRule(name, second);
        }

        _encoder.EndChain();
    }

    private void CheckRule(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> check)
    {
        _encoder.BeginRule(chain);
        _encoder.MatchNewConnection();
        _encoder.Jump(check);
        _encoder.EndRule(default);
    }

    private void NatChain(ReadOnlySpan<byte> name, ChainHook hook, int priority, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        _encoder.BeginBaseChain(name, ChainType.Nat, hook, priority);
        JumpRule(name, first);
        if (!second.IsEmpty)
        {
            JumpRule(name, second);
        }

        _encoder.EndChain();
    }

    private void JumpRule(ReadOnlySpan<byte> chain, ReadOnlySpan<byte> next)
    {
        _encoder.BeginRule(chain);
        _encoder.Jump(next);
        _encoder.EndRule(default);
    }

    private void CheckChains()
    {
        _encoder.BeginChain("reject-chain"u8, isFixed: true, ObjectComment("helper for @no-endpoint-services / @no-endpoint-nodeports"u8));
        CountRule("reject-chain"u8, CountingSets.Refused);
        _encoder.BeginRule("reject-chain"u8);
        _encoder.Reject();
        _encoder.EndRule(default);
        _encoder.EndChain();
        DropChain();

        VerdictChain("service-endpoints-check"u8, "no-endpoint-services"u8);
        VerdictChain("firewall-check"u8, "firewall-ips"u8);

        _encoder.BeginChain("nodeport-endpoints-check"u8, isFixed: false, default);
        NodePortEndpointsRules();
        _encoder.EndChain();
        _encoder.BeginChain("cluster-ips-check"u8, isFixed: false, default);
        ClusterIPsRules();
        _encoder.EndChain();
        _encoder.BeginChain("masquerading"u8, isFixed: false, default);
        MasqueradingRules();
        _encoder.EndChain();
        if (Settings.Egress is { } egress)
        {
            _encoder.BeginChain(EgressChain, isFixed: false, default);
            EgressRules(egress);
            _encoder.EndChain();
        }
    }

    private void VerdictChain(ReadOnlySpan<byte> name, ReadOnlySpan<byte> map)
    {
        _encoder.BeginChain(name, isFixed: true, default);
        _encoder.BeginRule(name);
        _encoder.VerdictByMap(SetKeys.Frontend, map);
        _encoder.EndRule(default);
        _encoder.EndChain();
    }

    private void MasqueradingRules()
    {
        // Mark before hairpin: a packet that is both must not keep its mark.
        _encoder.BeginRule("masquerading"u8);
        _encoder.MatchMark(Settings.MasqueradeMark);
        _encoder.ToggleMark(Settings.MasqueradeMark);
        _encoder.Masquerade();
        _encoder.EndRule(default);
        _encoder.BeginRule("masquerading"u8);
        _encoder.MatchTranslatedConnection();
        _encoder.MatchSet(SetKeys.Connection, "hairpin-connections"u8);
        _encoder.Masquerade();
        _encoder.EndRule(default);
    }

    private void NodePortEndpointsRules()
    {
        _encoder.BeginRule("nodeport-endpoints-check"u8);
        NodePortDestination();
        _encoder.VerdictByMap(SetKeys.NodePort, "no-endpoint-nodeports"u8);
        _encoder.EndRule(default);
    }

    private void ClusterIPsRules()
    {
        _encoder.BeginRule("cluster-ips-check"u8);
        _encoder.MatchSet(KeyFields.DestinationAddress, "cluster-ips"u8);
        _encoder.Reject();
        _encoder.EndRule("Reject traffic to invalid ports of ClusterIPs"u8);
        if (Settings.ServiceCidrs.IsEmpty)
        {
            return;
        }

        _encoder.BeginRule("cluster-ips-check"u8);
        _encoder.MatchAddress(KeyFields.DestinationAddress, Settings.ServiceCidrs);
        _encoder.Drop();
        _encoder.EndRule("Drop traffic to unallocated ClusterIPs"u8);
    }

    private void ServicesRules()
    {
        if (Settings.MasqueradeAll || CanBeFromOutside)
        {
            _encoder.BeginRule("services"u8);
            _encoder.MatchSet(KeyFields.DestinationAddress, "cluster-ips"u8);
            if (!Settings.MasqueradeAll)
            {
                LocalTraffic(isNegated: true);
            }

            _encoder.SetMark(Settings.MasqueradeMark);
            _encoder.EndRule(Settings.MasqueradeAll ? "masquerade all clusterIP traffic"u8 : "masquerade clusterIP traffic from outside cluster"u8);
        }

        _encoder.BeginRule("services"u8);
        _encoder.VerdictByMap(SetKeys.Frontend, "service-ips"u8);
        _encoder.EndRule(default);
        _encoder.BeginRule("services"u8);
        if (Settings.NodePortAddresses.MatchesAll)
        {
            _encoder.MatchLocal(KeyFields.DestinationAddress);
        }

        NodePortDestination();
        _encoder.VerdictByMap(SetKeys.NodePort, "service-nodeports"u8);
        _encoder.EndRule(default);
    }

    private void NodePortDestination()
    {
        if (Settings.NodePortAddresses.MatchesAll)
        {
            _encoder.MatchAddress(KeyFields.DestinationAddress, Loopback, isNegated: true);
        }
        else
        {
            _encoder.MatchSet(KeyFields.DestinationAddress, "nodeport-ips"u8);
        }
    }
}
