using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests.Reading;

/// <summary>Single rules: matches, targets, quoting, and what is not understood.</summary>
public sealed class RuleReadingTests
{
    [Theory]
    [InlineData("-s 10.0.0.0/8", false)]
    [InlineData("! -s 10.0.0.0/8", true)]
    public void SourcesAreRead(string text, bool isNegated)
    {
        Steps(text).Should().Equal(Address(PacketField.Source, "10.0.0.0/8", isNegated));
    }

    [Theory]
    [InlineData("-d 10.96.0.10/32", "10.96.0.10/32")]
    [InlineData("-d 10.96.0.10", "10.96.0.10/32")]
    [InlineData("-d fd00::a/128", "fd00::a/128")]
    [InlineData("-d fd00::a", "fd00::a/128")]
    [InlineData("-d ::0.1.0.2/128", "::1:2/128")]
    [InlineData("-d fd00::/64", "fd00::/64")]
    public void DestinationsAreRead(string text, string prefix)
    {
        Steps(text).Should().Equal(Address(PacketField.Destination, prefix, isNegated: false));
    }

    [Theory]
    [InlineData("-i cni0", true, "cni0", false, false)]
    [InlineData("! -i cni0", true, "cni0", false, true)]
    [InlineData("-i veth+", true, "veth", true, false)]
    [InlineData("-o eth0", false, "eth0", false, false)]
    public void InterfacesAreRead(string text, bool isInput, string name, bool isPrefix, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.InterfaceMatch(isInput, name, isPrefix, isNegated));
    }

    [Theory]
    [InlineData("-p tcp", TransportProtocol.Tcp, false)]
    [InlineData("! -p udp", TransportProtocol.Udp, true)]
    [InlineData("-p sctp", TransportProtocol.Sctp, false)]
    [InlineData("-p icmp", null, false)]
    public void ProtocolsAreRead(string text, TransportProtocol? protocol, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.ProtocolMatch(protocol, isNegated));
    }

    [Theory]
    [InlineData("-m tcp --dport 80", PacketField.DestinationPort, 80, 80, false)]
    [InlineData("-m udp ! --dport 80", PacketField.DestinationPort, 80, 80, true)]
    [InlineData("-m sctp --sport 80:90", PacketField.SourcePort, 80, 90, false)]
    [InlineData("-m tcp --dport 1024:", PacketField.DestinationPort, 1024, 65535, false)]
    [InlineData("-m tcp --dport :1023", PacketField.DestinationPort, 0, 1023, false)]
    public void PortsAreRead(string text, PacketField field, ushort first, ushort last, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.PortMatch(field, first, last, isNegated));
    }

    [Theory]
    [InlineData("-m conntrack --ctstate INVALID", ConnectionStates.Invalid, false)]
    [InlineData("-m conntrack --ctstate RELATED,ESTABLISHED", ConnectionStates.Related | ConnectionStates.Established, false)]
    [InlineData("-m conntrack ! --ctstate DNAT", ConnectionStates.Dnat, true)]
    [InlineData("-m state --state NEW,UNTRACKED,SNAT", ConnectionStates.New | ConnectionStates.Untracked | ConnectionStates.Snat, false)]
    public void StatesAreRead(string text, ConnectionStates states, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.StateMatch(states, isNegated));
    }

    [Theory]
    [InlineData("-m mark --mark 0x4000/0x4000", 0x4000u, 0x4000u, false)]
    [InlineData("-m mark ! --mark 0x4000/0xc000", 0xC000u, 0x4000u, true)]
    [InlineData("-m mark --mark 0x5", uint.MaxValue, 5u, false)]
    [InlineData("-m mark --mark 5", uint.MaxValue, 5u, false)]
    public void MarksAreRead(string text, uint mask, uint value, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.MarkMatch(mask, value, isNegated));
    }

    [Theory]
    [InlineData("-m addrtype --src-type LOCAL", PacketField.Source, false)]
    [InlineData("-m addrtype ! --dst-type LOCAL", PacketField.Destination, true)]
    public void LocalAddressesAreRead(string text, PacketField field, bool isNegated)
    {
        Steps(text).Should().Equal(new RuleStep.LocalMatch(field, isNegated));
    }

    [Fact]
    public void ChanceAndAffinityAreRead()
    {
        Steps("-m statistic --mode random --probability 0.33333333349").Should().Equal(new RuleStep.RandomMatch(0.33333333349));
        Steps("-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-A --mask 255.255.255.255 --rsource").Should().Equal(new RuleStep.KnownClientMatch("KUBE-SEP-A", 10800));
        Steps("-m recent --set --name KUBE-SEP-A --mask 255.255.255.255 --rsource").Should().Equal(new RuleStep.RememberClient("KUBE-SEP-A"));
        Steps("-m nfacct --nfacct-name ct_state_invalid_dropped_pkts").Should().Equal(new RuleStep.NoEffect("nfacct ct_state_invalid_dropped_pkts"));
    }

    /// <summary>A negation is for the one option after it.</summary>
    [Fact]
    public void ANegationDoesNotSpread()
    {
        Steps("! -s 10.0.0.0/8 -d 10.96.0.10/32 -p tcp -m tcp ! --dport 80 -m mark --mark 0x1").Should().Equal(
            Address(PacketField.Source, "10.0.0.0/8", isNegated: true),
            Address(PacketField.Destination, "10.96.0.10/32", isNegated: false),
            new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false),
            new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: true),
            new RuleStep.MarkMatch(uint.MaxValue, 1, IsNegated: false));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\"shop/web:http cluster IP\"", "shop/web:http cluster IP")]
    [InlineData("\"a \\\"b\\\" \\\\ c\"", "a \"b\" \\ c")]
    [InlineData("\"-j DROP\"", "-j DROP")]
    [InlineData("\"!\"", "!")]
    [InlineData("\"\"", "")]
    public void CommentsAreUnquotedAndNothingElse(string quoted, string comment)
    {
        WalkRule rule = Rule($"-m comment --comment {quoted} -s 10.0.0.0/8 -j ACCEPT");

        rule.Comment.Should().Be(comment);
        rule.Text.Should().Be($"-A FORWARD -m comment --comment {quoted} -s 10.0.0.0/8 -j ACCEPT");
        rule.Steps.AsSpan().ToArray().Should().Equal(Address(PacketField.Source, "10.0.0.0/8", isNegated: false), new RuleStep.Verdict(WalkVerdict.Accept));
    }

    [Fact]
    public void TargetsAreRead()
    {
        Steps("-j ACCEPT").Should().Equal(new RuleStep.Verdict(WalkVerdict.Accept));
        Steps("-j DROP").Should().Equal(new RuleStep.Verdict(WalkVerdict.Drop));
        Steps("-j RETURN").Should().Equal(new RuleStep.Verdict(WalkVerdict.Return));
        Steps("-j REJECT --reject-with icmp-port-unreachable").Should().Equal(new RuleStep.Reject("icmp-port-unreachable"));
        Steps("-j MASQUERADE --random-fully").Should().Equal(new RuleStep.Masquerade { IsRandom = true });
        Steps("-j MASQUERADE").Should().Equal(new RuleStep.Masquerade());
        Steps("-j MARK --set-xmark 0x4000/0x4000").Should().Equal(new RuleStep.SetMark(0xFFFFBFFF, 0x4000));
        Steps("-j MARK --set-xmark 0x4000/0x0").Should().Equal(new RuleStep.SetMark(0xFFFFFFFF, 0x4000));
        Steps("-j LOG --log-prefix \"a b\"").Should().Equal(new RuleStep.NoEffect("LOG"));
        Steps("-j KUBE-MARK-MASQ").Should().Equal(new RuleStep.Jump("KUBE-MARK-MASQ", IsGoto: false));
        Steps("-j DNAT --to-destination 10.0.0.1:80 -p tcp -m comment --comment x --dport 81").Should().Equal(
            s_tcp, new RuleStep.PortMatch(PacketField.DestinationPort, 81, 81, IsNegated: false), new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), 80));
        Steps("-g KUBE-MARK-MASQ").Should().Equal(new RuleStep.Jump("KUBE-MARK-MASQ", IsGoto: true));
        Steps("-s 10.0.0.0/8").Should().Equal(Address(PacketField.Source, "10.0.0.0/8", isNegated: false));
    }

    [Theory]
    [InlineData("10.0.0.1:8080", "10.0.0.1", 8080)]
    [InlineData("10.0.0.1", "10.0.0.1", null)]
    [InlineData("[fd00::1]:8080", "fd00::1", 8080)]
    [InlineData("fd00::1", "fd00::1", null)]
    [InlineData("[fd00::1]", "fd00::1", null)]
    [InlineData(":8080", null, 8080)]
    public void DnatTargetsAreRead(string text, string? address, int? port)
    {
        IpAddress? parsed = address is null ? null : IpAddress.Parse(address);

        Steps($"-j DNAT --to-destination {text}").Should().Equal(new RuleStep.Dnat(parsed, (ushort?)port));
        Steps($"-j DNAT --to-destination {text} --random --persistent").Should().Equal(new RuleStep.Dnat(parsed, (ushort?)port));
    }

    [Theory]
    [InlineData("-m mark --mark five", "-m mark --mark five")]
    [InlineData("-m tcp --dport nobody-knows", "-m tcp --dport nobody-knows")]
    [InlineData("-m cluster --cluster-total-nodes 2", "-m cluster --cluster-total-nodes 2")]
    [InlineData("-m osf", "-m osf")]
    public void AMatchThatIsNotKnownMayBeTrueAndTheRestIsRead(string text, string unknown)
    {
        Steps($"-s 10.0.0.0/8 {text} -m mark --mark 0x1 -j DROP").Should().Equal(
            Address(PacketField.Source, "10.0.0.0/8", isNegated: false),
            new RuleStep.UnknownMatch(unknown),
            new RuleStep.MarkMatch(uint.MaxValue, 1, IsNegated: false),
            new RuleStep.Verdict(WalkVerdict.Drop));
    }

    /// <summary>Matches that are understood, but that a question does not decide: the same fact is the same in both forms.</summary>
    [Theory]
    [InlineData("-m set --match-set blocked src", "the contents of the ipset", "-m set --match-set blocked src", false)]
    [InlineData("-m set ! --match-set blocked src", "the contents of the ipset", "-m set --match-set blocked src", true)]
    [InlineData("-m mac --mac-source 02:00:00:00:00:01", "the MAC address of the sender", "-m mac --mac-source 02:00:00:00:00:01", false)]
    [InlineData("-m limit --limit 5/min --limit-burst 7", "the rate of packets", "", false)]
    [InlineData("-m limit", "the rate of packets", "", false)]
    [InlineData("-m socket", "whether a local program has a socket for the packet", "-m socket", false)]
    [InlineData("-m recent ! --rcheck --seconds 5 --name A", "whether the client is in the list of recent addresses", "", true)]
    [InlineData("-m recent --update --seconds 60 --hitcount 4 --name A", "whether the client is in the list of recent addresses", "", false)]
    public void WhatDecidesAMatchIsNamed(string text, string dependsOn, string fact, bool isNegated)
    {
        RuleStep.UnknownMatch match = Steps($"{text} -j DROP").Should().HaveCount(2).And.Subject.First().Should().BeOfType<RuleStep.UnknownMatch>().Which;

        match.DependsOn.Should().Be(dependsOn);
        match.Fact.Should().Be(fact);
        match.IsNegated.Should().Be(isNegated);
    }

    [Fact]
    public void MatchesOfTheFirstPacketAreDecided()
    {
        Steps("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN").Should().Equal(s_tcp, new RuleStep.SettledMatch("--tcp-flags FIN,SYN,RST,ACK SYN", Holds: true, OnlyFirstPacket: true));
        Steps("-p tcp -m tcp ! --syn").Should().Equal(s_tcp, new RuleStep.SettledMatch("! --syn", Holds: false, OnlyFirstPacket: true));
        Steps("-p tcp -m tcp --tcp-flags ALL NONE").Should().Equal(s_tcp, new RuleStep.SettledMatch("--tcp-flags ALL NONE", Holds: false, OnlyFirstPacket: true));
        Steps("-f").Should().Equal(new RuleStep.SettledMatch("-f", Holds: false, OnlyFirstPacket: true));
        Steps("-m conntrack --ctdir ORIGINAL").Should().Equal(new RuleStep.TrackedMatch(), new RuleStep.SettledMatch("--ctdir ORIGINAL", Holds: true, OnlyFirstPacket: true));
        Steps("-m conntrack --ctstatus ASSURED,SEEN_REPLY").Should().Equal(new RuleStep.TrackedMatch(), new RuleStep.SettledMatch("--ctstatus ASSURED,SEEN_REPLY", Holds: false, OnlyFirstPacket: true));
    }

    [Fact]
    public void SeveralPortsAddressesAndTypesAreRead()
    {
        Steps("-p tcp -m multiport --dports 80,443,8000:8100").Should().Equal(s_tcp, Ports(PacketField.DestinationPort, new(80, 80), new(443, 443), new(8000, 8100)));
        Steps("-p tcp -m multiport ! --sports 80,http-alt").Should().Equal(s_tcp, Ports(PacketField.SourcePort, new(80, 80), new(8080, 8080)) with { IsNegated = true });
        Steps("-p udp -m multiport --ports 53").Should().Equal(
            new RuleStep.ProtocolMatch(TransportProtocol.Udp, IsNegated: false),
            new RuleStep.AnyOf([[Ports(PacketField.DestinationPort, new PortRange(53, 53))], [Ports(PacketField.SourcePort, new PortRange(53, 53))]], IsNegated: false));
        Steps("-m iprange --src-range 10.0.0.1-10.0.0.20").Should().Equal(Range(PacketField.Source, "10.0.0.1", "10.0.0.20"));
        Steps("-m iprange ! --dst-range 10.0.0.1-10.0.0.20").Should().Equal(Range(PacketField.Destination, "10.0.0.1", "10.0.0.20") with { IsNegated = true });
        Steps("-s 10.0.0.0/255.255.0.0").Should().Equal(Address(PacketField.Source, "10.0.0.0/16", isNegated: false));
        Steps("-m addrtype --dst-type MULTICAST,BROADCAST").Should().Equal(new RuleStep.AddressTypeMatch(PacketField.Destination, AddressTypes.Multicast | AddressTypes.Broadcast, IsNegated: false) { NeedsAllForIPv6 = true });
        Steps("-m addrtype ! --dst-type LOCAL --limit-iface-in").Should().Equal(new RuleStep.AddressTypeMatch(PacketField.Destination, AddressTypes.Local, IsNegated: true, OfInterface: true) { NeedsAllForIPv6 = true });
        Steps("-p tcp --dport 80").Should().Equal(s_tcp, new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: false));
        Steps("-m statistic --mode nth --every 4 --packet 0").Should().Equal(new RuleStep.RandomMatch(0.25));
        Steps("-m connmark --mark 0x80/0x80").Should().Equal(new RuleStep.ConnectionMarkMatch(0x80, 0x80, IsNegated: false));
        Steps("-m conntrack --ctorigdst 10.0.0.1 --ctorigdstport 80").Should().Equal(
            new RuleStep.TrackedMatch(), Range(PacketField.OriginalDestination, "10.0.0.1", "10.0.0.1"), new RuleStep.PortMatch(PacketField.OriginalDestinationPort, 80, 80, IsNegated: false));
    }

    /// <summary>All spellings of marks come down to (mark AND x) XOR y.</summary>
    [Theory]
    [InlineData("--set-mark 0x10", 0u, 0x10u)]
    [InlineData("--set-mark 0x11/0x1", 0xffffffeeu, 0x11u)]
    [InlineData("--set-xmark 0x10", 0u, 0x10u)]
    [InlineData("--set-xmark 0x4000/0x0", 0xffffffffu, 0x4000u)]
    [InlineData("--and-mark 0xfe", 0xfeu, 0u)]
    [InlineData("--or-mark 0x1", 0xfffffffeu, 1u)]
    [InlineData("--xor-mark 0x3", 0xffffffffu, 3u)]
    public void MarksAreSet(string options, uint and, uint xor)
    {
        Steps($"-j MARK {options}").Should().Equal(new RuleStep.SetMark(and, xor));
        Steps($"-j CONNMARK {options}").Should().Equal(new RuleStep.SetConnectionMark(and, xor));
    }

    /// <summary>NONE is no bit of a status; a packet that the node sends to itself comes in confirmed.</summary>
    [Theory]
    [InlineData("--ctstatus NONE", false)]
    [InlineData("! --ctstatus NONE", true)]
    [InlineData("--ctstatus ASSURED,SEEN_REPLY", false)]
    [InlineData("--ctstatus CONFIRMED", null)]
    [InlineData("! --ctstatus ASSURED,EXPECTED", null)]
    public void AStatusOfTheFirstPacketIsSettledWhereItIsOne(string options, bool? holds)
    {
        RuleStep step = Steps($"-m conntrack {options}")[^1];

        if (holds is null)
        {
            step.Should().BeOfType<RuleStep.UnknownMatch>().Which.DependsOn.Should().NotBeEmpty();
        }
        else
        {
            step.Should().BeOfType<RuleStep.SettledMatch>().Which.Holds.Should().Be(holds.Value);
        }
    }

    [Theory]
    [InlineData("--uid-owner 0", false)]
    [InlineData("! --uid-owner 0", true)]
    [InlineData("! --uid-owner 0 --gid-owner 0", false)]
    [InlineData("--uid-owner 0 ! --gid-owner 0", false)]
    [InlineData("! --uid-owner 0 ! --gid-owner 0", true)]
    [InlineData("! --gid-owner 0 --suppl-groups", false)]
    [InlineData("! --gid-owner 0 ! --suppl-groups", false)]
    public void AForwardedPacketHasNoOwner(string options, bool isMatch)
    {
        Steps($"-m owner {options}").Should().ContainSingle().Which.Should().BeOfType<RuleStep.UnknownMatch>().Which.OfForwarded.Should().Be(isMatch);
    }

    [Fact]
    public void TargetsOfConnectionsAndTranslationsAreRead()
    {
        Steps("-j CONNMARK --save-mark").Should().Equal(new RuleStep.SaveMark(uint.MaxValue, uint.MaxValue));
        Steps("-j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0xff").Should().Equal(new RuleStep.RestoreMark(0x80, 0xff));
        Steps("-j CT --notrack").Should().Equal(new RuleStep.NoTracking());
        Steps("-j CT --zone 5").Should().Equal(new RuleStep.TrackingTemplate("CT --zone 5", AlsoUntracked: false));
        Steps("-j NOTRACK").Should().Equal(new RuleStep.NoTracking());
        Steps("-j TCPMSS --clamp-mss-to-pmtu").Should().Equal(new RuleStep.NoEffect("TCPMSS --clamp-mss-to-pmtu"));
        Steps("-j REDIRECT --to-ports 15001").Should().Equal(new RuleStep.Translate(TranslationKind.ToThisNode, new(null, new PortRange(15001, 15001))));
        Steps("-j REDIRECT").Should().Equal(new RuleStep.Translate(TranslationKind.ToThisNode, new(null, null)));
        Steps("-j SNAT --to-source 10.0.0.1-10.0.0.3:1024-2000 --random-fully").Should().Equal(
            new RuleStep.Translate(TranslationKind.Source, new(new AddressRange(IpAddress.Parse("10.0.0.1").ToBits(), IpAddress.Parse("10.0.0.3").ToBits()), new PortRange(1024, 2000), IsRandom: true)));
        Steps("-j DNAT --to-destination [fd00::1]-[fd00::3]:80").Should().Equal(
            new RuleStep.Translate(TranslationKind.Destination, new(new AddressRange(IpAddress.Parse("fd00::1").ToBits(), IpAddress.Parse("fd00::3").ToBits()), new PortRange(80, 80))));
        Steps("-j DNAT --to-destination 10.0.0.1:5000-5050/5001").Should().Equal(
            new RuleStep.Translate(TranslationKind.Destination, new(AddressRange.Of(IpAddress.Parse("10.0.0.1")), new PortRange(5000, 5050)) { Base = 5001 }));
        Steps("-j NETMAP --to 10.1.0.0/16").Should().Equal(new RuleStep.TranslatePrefix(IpPrefix.Parse("10.1.0.0/16")));
        Steps("-j MASQUERADE --to-ports 1024-31000").Should().Equal(new RuleStep.Masquerade { Ports = new(1024, 31000) });
        Steps("-j NFQUEUE --queue-num 1").Should().ContainSingle().Which.Should().BeOfType<RuleStep.UnknownStatement>().Which.DependsOn.Should().Contain("program");
    }

    [Theory]
    [InlineData("HMARK --hmark-tuple src")]
    [InlineData("SYNPROXY")]
    [InlineData("SNAT --to-source nowhere")]
    [InlineData("DNAT --to-destination 10.0.0.1:65536")]
    [InlineData("DNAT --to-destination 10.0.0.9-10.0.0.1")]
    [InlineData("DNAT")]
    [InlineData("MARK --set-xmark one/0x1")]
    [InlineData("ACCEPT --more")]
    [InlineData("ACCEPT -j DROP --more")]
    public void ATargetThatIsNotKnownMayDoAnything(string target)
    {
        Steps($"-s 10.0.0.0/8 -j {target}").Should().Equal(Address(PacketField.Source, "10.0.0.0/8", isNegated: false), new RuleStep.UnknownStatement(target));
    }

    private static readonly RuleStep s_tcp = new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false);

    private static RuleStep.PortsMatch Ports(PacketField field, params PortRange[] ranges) => new(field, [.. ranges], IsNegated: false);

    private static RuleStep.AddressMatch Range(PacketField field, string first, string last) =>
        new(field, [new AddressRange(IpAddress.Parse(first).ToBits(), IpAddress.Parse(last).ToBits())], IsNegated: false);

    private static RuleStep.AddressMatch Address(PacketField field, string prefix, bool isNegated) => new(field, [AddressRange.Of(IpPrefix.Parse(prefix))], isNegated);

    private static RuleStep[] Steps(string rule) => Rule(rule).Steps.AsSpan().ToArray();

    private static WalkRule Rule(string rule) =>
        Rulesets.Iptables($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule}\nCOMMIT\n", IpFamily.IPv4).Tables[0].Chains["FORWARD"].Rules.Should().ContainSingle().Which;
}
