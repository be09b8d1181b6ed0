using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>Rules that do not depend on any Service (spec 5.2, 5.4, 5.7).</content>
internal ref partial struct RuleWriter
{
    private void FirewallRules()
    {
        if (!WritesFirewall)
        {
            return;
        }

        _text.Write("-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8"u8);
        Comment("block incoming localnet connections"u8);
        _text.Write(" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT"u8);
        Jump("DROP"u8);
    }

    private readonly bool WritesFirewall => IsIPv4 && Settings.LocalhostNodePorts;

    private void ForwardRules()
    {
        if (!Settings.ConntrackTcpLiberal)
        {
            _text.Write("-A KUBE-FORWARD -m conntrack --ctstate INVALID"u8);
            if (_options.HasInvalidDropCounter)
            {
                CounterMatch(IptablesOptions.InvalidDropCounterName);
            }

            Jump("DROP"u8);
        }

        _text.Write("-A KUBE-FORWARD"u8);
        Comment("kubernetes forwarding rules"u8);
        _text.Write(" -m mark --mark "u8);
        MarkAndMask();
        Jump("ACCEPT"u8);

        _text.Write("-A KUBE-FORWARD"u8);
        Comment("kubernetes forwarding conntrack rule"u8);
        _text.Write(" -m conntrack --ctstate RELATED,ESTABLISHED"u8);
        Jump("ACCEPT"u8);
    }

    private void MarkMasqueradeRules()
    {
        _text.Write("-A KUBE-MARK-MASQ -j MARK --set-xmark "u8);
        MarkAndMask();
        EndRule();
    }

    private void PostroutingRules()
    {
        _text.Write("-A KUBE-POSTROUTING -m mark ! --mark "u8);
        MarkAndMask();
        Jump("RETURN"u8);

        // Clears the mark, so that a packet that traverses the chain again is not masqueraded twice.
        _text.Write("-A KUBE-POSTROUTING -j MARK --set-xmark "u8);
        _text.WriteHex(Settings.MasqueradeMark);
        _text.Write("/0x0"u8);
        EndRule();

        _text.Write("-A KUBE-POSTROUTING"u8);
        Comment("kubernetes service traffic requiring SNAT"u8);
        Jump(_options.HasRandomFully ? "MASQUERADE --random-fully"u8 : "MASQUERADE"u8);
    }

    /// <summary>The jump from KUBE-SERVICES to KUBE-NODEPORTS, the last rules of that chain.</summary>
    private void NodePortTailRules()
    {
        NodePortAddresses addresses = Settings.NodePortAddresses;
        if (addresses.MatchesAll)
        {
            _text.Write("-A KUBE-SERVICES"u8);
            if (!Settings.LocalhostNodePorts)
            {
                _text.Write(IsIPv4 ? " ! -d 127.0.0.0/8"u8 : " ! -d ::1/128"u8);
            }

            NodePortTailComment();
            _text.Write(" -m addrtype --dst-type LOCAL"u8);
            Jump("KUBE-NODEPORTS"u8);
            return;
        }

        foreach (RuleModel.Addresses.IpAddress address in addresses.Addresses)
        {
            if (address.IsLoopback && !Settings.LocalhostNodePorts)
            {
                continue;
            }

            _text.Write("-A KUBE-SERVICES"u8);
            Destination(address);
            NodePortTailComment();
            Jump("KUBE-NODEPORTS"u8);
        }
    }

    private void NodePortTailComment() =>
        Comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain"u8);

    private void MarkAndMask()
    {
        _text.WriteHex(Settings.MasqueradeMark);
        _text.WriteAscii((byte)'/');
        _text.WriteHex(Settings.MasqueradeMark);
    }
}
