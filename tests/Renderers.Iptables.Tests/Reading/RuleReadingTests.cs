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
        Steps("-j MASQUERADE --random-fully").Should().Equal(new RuleStep.Masquerade());
        Steps("-j MARK --set-xmark 0x4000/0x4000").Should().Equal(new RuleStep.SetMark(0xFFFFBFFF, 0x4000));
        Steps("-j MARK --set-xmark 0x4000/0x0").Should().Equal(new RuleStep.SetMark(0xFFFFFFFF, 0x4000));
        Steps("-j LOG --log-prefix \"a b\"").Should().Equal(new RuleStep.NoEffect("LOG"));
        Steps("-j KUBE-MARK-MASQ").Should().Equal(new RuleStep.Jump("KUBE-MARK-MASQ", IsGoto: false));
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
    [InlineData("-m set --match-set blocked src", "-m set --match-set blocked src")]
    [InlineData("-m set ! --match-set blocked src", "! -m set --match-set blocked src")]
    [InlineData("-m multiport --dports 80,443", "-m multiport --dports 80,443")]
    [InlineData("-m tcp --tcp-flags FIN,SYN SYN", "-m tcp --tcp-flags FIN,SYN SYN")]
    [InlineData("-m tcp --dport http", "-m tcp --dport http")]
    [InlineData("-m addrtype --dst-type MULTICAST", "-m addrtype --dst-type MULTICAST")]
    [InlineData("-m statistic --mode nth --every 2 --packet 0", "-m statistic --mode nth --every 2 --packet 0")]
    [InlineData("-m mark --mark five", "-m mark --mark five")]
    [InlineData("-m recent ! --rcheck --seconds 5 --name A", "! -m recent --rcheck --seconds 5 --name A")]
    [InlineData("-f", "-f")]
    public void AMatchThatIsNotKnownMayBeTrueAndTheRestIsRead(string text, string unknown)
    {
        Steps($"-s 10.0.0.0/8 {text} -m mark --mark 0x1 -j DROP").Should().Equal(
            Address(PacketField.Source, "10.0.0.0/8", isNegated: false),
            new RuleStep.UnknownMatch(unknown),
            new RuleStep.MarkMatch(uint.MaxValue, 1, IsNegated: false),
            new RuleStep.Verdict(WalkVerdict.Drop));
    }

    [Theory]
    [InlineData("TPROXY --on-port 80")]
    [InlineData("SNAT --to-source 10.0.0.1")]
    [InlineData("DNAT --to-destination 10.0.0.1-10.0.0.9")]
    [InlineData("DNAT --to-destination 10.0.0.1:80-90")]
    [InlineData("DNAT --to-destination 10.0.0.1:65536")]
    [InlineData("DNAT")]
    [InlineData("MARK --set-xmark 0x1")]
    [InlineData("MARK --set-xmark one/0x1")]
    public void ATargetThatIsNotKnownMayDoAnything(string target)
    {
        Steps($"-s 10.0.0.0/8 -j {target}").Should().Equal(Address(PacketField.Source, "10.0.0.0/8", isNegated: false), new RuleStep.UnknownStatement(target));
    }

    private static RuleStep.AddressMatch Address(PacketField field, string prefix, bool isNegated) => new(field, [AddressRange.Of(IpPrefix.Parse(prefix))], isNegated);

    private static RuleStep[] Steps(string rule) => Rule(rule).Steps.AsSpan().ToArray();

    private static WalkRule Rule(string rule) =>
        Rulesets.Iptables($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule}\nCOMMIT\n", IpFamily.IPv4).Tables[0].Chains["FORWARD"].Rules.Should().ContainSingle().Which;
}
