using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>The parts that do not depend on any Service (spec 6.2 to 6.4, with the maps of docs/nftables.md).</content>
internal ref partial struct NftWriter
{
    /// <summary>The table with its sets, maps, base chains and fixed chains.</summary>
    private void Table()
    {
        TableCommand("table "u8);
        Line(" {"u8);
        if (_options.HasObjectComments)
        {
            Line("comment \"rules for kube-proxy\""u8);
        }

        Sets();
        BaseChains();
        CheckChains();
        _text.Write("chain services {\n"u8);
        ServicesRules(command: default);
        Line("}"u8);
        Line("}"u8);
    }

    private void TableCommand(scoped ReadOnlySpan<byte> verb)
    {
        _text.Write(verb);
        _text.Write(Family);
        _text.Write(" kube-proxy"u8);
    }

    private void Sets()
    {
        Declare("set"u8, "cluster-ips"u8, " daddr"u8, default, "Active ClusterIPs"u8);
        Declare("set"u8, "nodeport-ips"u8, " daddr"u8, default, "IPs that accept NodePort traffic"u8);
        _text.Write("set hairpin-connections { typeof "u8);
        Payload("saddr . "u8);
        Payload("daddr . meta l4proto . th dport;"u8);
        ObjectComment("service hairpin connections"u8);
        Line(" }"u8);

        Declare("map"u8, "no-endpoint-services"u8, " daddr . meta l4proto . th dport"u8, "verdict"u8, "vmap to drop or reject packets to services with no endpoints"u8);
        Declare("map"u8, "no-endpoint-nodeports"u8, default, "verdict"u8, "vmap to drop or reject packets to service nodeports with no endpoints"u8);
        Declare("map"u8, "firewall-ips"u8, " daddr . meta l4proto . th dport"u8, "verdict"u8, "destinations that are subject to LoadBalancerSourceRanges"u8);
        Declare("map"u8, "service-ips"u8, " daddr . meta l4proto . th dport"u8, "verdict"u8, "ClusterIP, ExternalIP and LoadBalancer IP traffic"u8);
        Declare("map"u8, "service-nodeports"u8, default, "verdict"u8, "NodePort traffic"u8);
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

    /// <summary>Declared by typeof, never by type: see docs/nftables.md.</summary>
    private void Declare(scoped ReadOnlySpan<byte> kind, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> payload, scoped ReadOnlySpan<byte> value, scoped ReadOnlySpan<byte> comment)
    {
        _text.Write(kind);
        _text.WriteAscii((byte)' ');
        _text.Write(name);
        _text.Write(" { typeof "u8);
        if (payload.IsEmpty)
        {
            _text.Write("meta l4proto . th dport"u8);
        }
        else
        {
            _text.Write(Family);
            _text.Write(payload);
        }

        if (!value.IsEmpty)
        {
            _text.Write(" : "u8);
            _text.Write(value);
        }

        _text.WriteAscii((byte)';');
        ObjectComment(comment);
        Line(" }"u8);
    }

    /// <summary>
    /// A map for each protocol, because of what nft 1.0.6 does when a rule is added to a table that it has to list first:
    /// it reads the declared type of the value as a match. "th dport" is then refused ("conflicting protocols specified: ip
    /// vs. th"), and "tcp dport" silently becomes a match for TCP; here that match is in the rule anyway.
    /// </summary>
    private void DeclareSlots(ElementMap map, TransportProtocol protocol)
    {
        _text.Write("map "u8);
        _text.Write(protocol.ToLowerText());
        _text.Write(map.Name());
        _text.Write(" { typeof "u8);
        if (!map.IsByNodePort())
        {
            Payload("daddr . "u8);
        }

        _text.Write("th dport . numgen random mod 2 : "u8);
        Payload("daddr . "u8);
        _text.Write(protocol.ToLowerText());
        _text.Write(" dport;"u8);
        ObjectComment("endpoints by destination and slot"u8);
        Line(" }"u8);
    }

    private void BaseChains()
    {
        Line("chain filter-prerouting-pre-dnat { type filter hook prerouting priority -110; ct state new jump firewall-check; }"u8);
        Line("chain filter-output-pre-dnat { type filter hook output priority -110; ct state new jump firewall-check; }"u8);
        Line("chain filter-input { type filter hook input priority 0; ct state new jump nodeport-endpoints-check; ct state new jump service-endpoints-check; }"u8);
        Line("chain filter-forward { type filter hook forward priority 0; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }"u8);
        Line("chain filter-output { type filter hook output priority 0; ct state new jump service-endpoints-check; ct state new jump cluster-ips-check; }"u8);
        Line("chain nat-prerouting { type nat hook prerouting priority -100; jump services; }"u8);
        Line("chain nat-output { type nat hook output priority -100; jump services; }"u8);
        Line("chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }"u8);
    }

    private void CheckChains()
    {
        _text.Write("chain reject-chain {"u8);
        ObjectComment("helper for @no-endpoint-services / @no-endpoint-nodeports"u8);
        Line(" reject; }"u8);

        _text.Write("chain service-endpoints-check { "u8);
        Payload("daddr . meta l4proto . th dport vmap @no-endpoint-services; }\n"u8);
        _text.Write("chain firewall-check { "u8);
        Payload("daddr . meta l4proto . th dport vmap @firewall-ips; }\n"u8);

        _text.Write("chain nodeport-endpoints-check {\n"u8);
        NodePortEndpointsRules(command: default);
        _text.Write("}\nchain cluster-ips-check {\n"u8);
        ClusterIPsRules(command: default);
        _text.Write("}\nchain masquerading {\n"u8);

        // Mark before hairpin: a packet that is both must not keep its mark.
        _text.Write("meta mark & "u8);
        _text.WriteHex(Settings.MasqueradeMark, 8);
        _text.Write(" != 0 meta mark set meta mark ^ "u8);
        _text.WriteHex(Settings.MasqueradeMark, 8);
        Line(" masquerade fully-random"u8);
        _text.Write("ct status dnat "u8);
        Payload("saddr . "u8);
        Payload("daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random\n}\n"u8);
    }

    private void NodePortEndpointsRules(scoped ReadOnlySpan<byte> command)
    {
        _text.Write(command);
        NodePortDestination();
        Line("meta l4proto . th dport vmap @no-endpoint-nodeports"u8);
    }

    private void ClusterIPsRules(scoped ReadOnlySpan<byte> command)
    {
        _text.Write(command);
        Payload("daddr @cluster-ips reject comment \"Reject traffic to invalid ports of ClusterIPs\"\n"u8);
        if (Settings.ServiceCidrs.IsEmpty)
        {
            return;
        }

        _text.Write(command);
        Payload("daddr { "u8);
        bool isFirst = true;
        foreach (IpPrefix cidr in Settings.ServiceCidrs)
        {
            _text.Write(isFirst ? default : ", "u8);
            Prefix(cidr);
            isFirst = false;
        }

        Line(" } drop comment \"Drop traffic to unallocated ClusterIPs\""u8);
    }

    private void ServicesRules(scoped ReadOnlySpan<byte> command)
    {
        if (Settings.MasqueradeAll || CanBeFromOutside)
        {
            _text.Write(command);
            Payload("daddr @cluster-ips "u8);
            if (!Settings.MasqueradeAll)
            {
                LocalTraffic(isNegated: true);
            }

            SetMark();
            Line(Settings.MasqueradeAll ? " comment \"masquerade all clusterIP traffic\""u8 : " comment \"masquerade clusterIP traffic from outside cluster\""u8);
        }

        _text.Write(command);
        Payload("daddr . meta l4proto . th dport vmap @service-ips\n"u8);
        _text.Write(command);
        if (Settings.NodePortAddresses.MatchesAll)
        {
            _text.Write("fib daddr type local "u8);
        }

        NodePortDestination();
        Line("meta l4proto . th dport vmap @service-nodeports"u8);
    }

    private void NodePortDestination()
    {
        Payload("daddr "u8);
        _text.Write(!Settings.NodePortAddresses.MatchesAll ? "@nodeport-ips "u8 : IsIPv4 ? "!= 127.0.0.0/8 "u8 : "!= ::1 "u8);
    }
}
