using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Single rules in nft's language, above all those of our table and of kube-proxy's.</summary>
public sealed class NftRuleTextTests
{
    private static readonly RuleStep s_tcp = new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false);

    public static TheoryData<string, RuleStep[]> Rules => new()
    {
        { "ct state new jump x", [new RuleStep.StateMatch(ConnectionStates.New, IsNegated: false), new RuleStep.Jump("x", IsGoto: false)] },
        { "ct state { established, related }", [new RuleStep.StateMatch(ConnectionStates.Established | ConnectionStates.Related, IsNegated: false)] },
        { "ct state != new,untracked", [new RuleStep.StateMatch(ConnectionStates.New | ConnectionStates.Untracked, IsNegated: true)] },
        { "ct status dnat masquerade fully-random", [new RuleStep.StateMatch(ConnectionStates.Dnat, IsNegated: false), new RuleStep.Masquerade()] },
        { "meta l4proto tcp dnat to 10.0.0.1:8080", [s_tcp, new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), 8080)] },
        { "dnat to [fd00::1]:8080", [new RuleStep.Dnat(IpAddress.Parse("fd00::1"), 8080)] },
        { "dnat to fd00::1", [new RuleStep.Dnat(IpAddress.Parse("fd00::1"), null)] },
        { "dnat ip to 10.0.0.1 persistent", [new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), null)] },
        { "dnat to :8080", [new RuleStep.Dnat(null, 8080)] },
        { "meta mark & 0x00004000 != 0 meta mark set meta mark ^ 0x00004000 masquerade fully-random", [new RuleStep.MarkMatch(0x4000, 0, IsNegated: true), new RuleStep.SetMark(uint.MaxValue, 0x4000), new RuleStep.Masquerade()] },
        { "meta mark & 0x00004000 == 0x00004000", [new RuleStep.MarkMatch(0x4000, 0x4000, IsNegated: false)] },
        { "meta mark set meta mark | 0x00004000 comment \"masquerade\"", [new RuleStep.SetMark(~0x4000u, 0x4000)] },
        { "meta mark set meta mark or 0x4000", [new RuleStep.SetMark(~0x4000u, 0x4000)] },
        { "meta mark set mark xor 0x4000", [new RuleStep.SetMark(uint.MaxValue, 0x4000)] },
        { "meta mark set meta mark & 0xffffbfff", [new RuleStep.SetMark(0xffffbfff, 0)] },
        { "meta mark set 0x00000004", [new RuleStep.SetMark(0, 4)] },
        { "mark 7", [new RuleStep.MarkMatch(uint.MaxValue, 7, IsNegated: false)] },
        { "fib saddr type local goto x", [new RuleStep.LocalMatch(PacketField.Source, IsNegated: false), new RuleStep.Jump("x", IsGoto: true)] },
        { "fib daddr type != local", [new RuleStep.LocalMatch(PacketField.Destination, IsNegated: true)] },
        { "ip saddr 10.0.0.0/8 return", [Match(PacketField.Source, "10.0.0.0/8"), new RuleStep.Verdict(WalkVerdict.Return)] },
        { "ip saddr != 10.0.0.1", [Match(PacketField.Source, "10.0.0.1/32") with { IsNegated = true }] },
        { "ip daddr { 10.0.0.0/16, 10.2.0.1 } drop comment \"x\"", [Match(PacketField.Destination, "10.0.0.0/16", "10.2.0.1/32"), new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "ip daddr 10.0.0.0-10.0.0.255", [Match(PacketField.Destination, "10.0.0.0/24")] },
        { "iifname \"cni0\"", [new RuleStep.InterfaceMatch(IsInput: true, "cni0", IsPrefix: false, IsNegated: false)] },
        { "iifname != \"veth*\"", [new RuleStep.InterfaceMatch(IsInput: true, "veth", IsPrefix: true, IsNegated: true)] },
        { "oifname \"eth0\"", [new RuleStep.InterfaceMatch(IsInput: false, "eth0", IsPrefix: false, IsNegated: false)] },
        { "tcp dport 80", [s_tcp, new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: false)] },
        { "th sport != 53", [new RuleStep.PortMatch(PacketField.SourcePort, 53, 53, IsNegated: true)] },
        { "numgen random mod 4 0 goto x", [new RuleStep.RandomMatch(0.25), new RuleStep.Jump("x", IsGoto: true)] },
        { "meta random & 2147483647 < 1073741824 counter packets 5 bytes 300 jump x", [new RuleStep.RandomMatch(0.5), new RuleStep.NoEffect("counter"), new RuleStep.Jump("x", IsGoto: false)] },
        { "update @clients { ip saddr }", [new RuleStep.RememberClient("clients")] },
        { "add @clients { ip saddr }", [new RuleStep.RememberClient("clients")] },
        { "ip saddr @clients goto x", [new RuleStep.KnownClientMatch("clients", 5415), new RuleStep.Jump("x", IsGoto: true)] },
        { "reject", [new RuleStep.Reject("port-unreachable")] },
        { "reject with icmp host-unreachable", [new RuleStep.Reject("host-unreachable")] },
        { "reject with icmpx type admin-prohibited", [new RuleStep.Reject("admin-prohibited")] },
        { "reject with tcp reset", [new RuleStep.Reject("tcp reset")] },
        { "counter name \"c\" log prefix \"a, b: \" group 2 accept", [new RuleStep.NoEffect("counter"), new RuleStep.NoEffect("log"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "continue", [new RuleStep.NoEffect("continue")] },
        { "limit rate 5/second burst 5 packets accept", [new RuleStep.UnknownMatch("limit rate 5/second burst 5 packets"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "tcp dport { 80, 443 } accept", [s_tcp, new RuleStep.UnknownMatch("tcp dport { 80, 443 }"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "th dport vmap { 80-90 : accept } counter", [new RuleStep.UnknownStatement("th dport vmap { 80-90 : accept }"), new RuleStep.NoEffect("counter")] },
        { "some thing { with { braces } } drop", [new RuleStep.UnknownMatch("some thing { with { braces } }"), new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "snat ip to 10.0.0.1", [new RuleStep.UnknownStatement("snat ip to 10.0.0.1")] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void RulesAreUnderstood(string text, RuleStep[] steps)
    {
        WalkRule rule = Rule(text);

        rule.Steps.AsSpan().ToArray().Should().Equal(steps);
        rule.Text.Should().Be(text);
    }

    [Theory]
    [InlineData("10.96.0.10 . tcp . 80 : goto x, 10.96.0.11 . udp . 53 comment \"shop/web : x\" : drop,\n\t\t\t10.96.0.12 . 6 . 9 timeout 1h expires 59m59s972ms : jump y")]
    public void VerdictMapsAreRead(string elements)
    {
        RuleStep.VerdictLookup lookup = Rule("ip daddr . meta l4proto . th dport vmap @m", $"map m {{\n\t\ttypeof ip daddr . meta l4proto . th dport : verdict\n\t\telements = {{ {elements} }}\n\t}}")
            .Steps[0].Should().BeOfType<RuleStep.VerdictLookup>().Which;

        lookup.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Destination), new KeyPart(PacketField.Protocol), new KeyPart(PacketField.DestinationPort));
        lookup.Map.Steps.Should().Equal(new Dictionary<string, RuleStep>(StringComparer.Ordinal)
        {
            ["10.96.0.10 . tcp . 80"] = new RuleStep.Jump("x", IsGoto: true),
            ["10.96.0.11 . udp . 53"] = new RuleStep.Verdict(WalkVerdict.Drop),
            ["10.96.0.12 . tcp . 9"] = new RuleStep.Jump("y", IsGoto: false),
        });
    }

    [Theory]
    [InlineData("meta l4proto tcp dnat ip to ip daddr . th dport . numgen random mod 3 map @m")]
    [InlineData("meta l4proto tcp dnat ip addr . port to ip daddr . th dport . numgen random mod 3 map @m")]
    public void MapsOfEndpointsAreRead(string text)
    {
        RuleStep.DnatLookup lookup = Rule(text, "map m {\n\t\ttypeof ip daddr . th dport . numgen random mod 2 : ip daddr . tcp dport\n\t\telements = { 10.96.0.10 . 80 . 0 : 10.0.0.1 . 8080, 10.96.0.10 . 80 . 1 : 10.0.0.2 . 8081 }\n\t}")
            .Steps[1].Should().BeOfType<RuleStep.DnatLookup>().Which;

        lookup.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Destination), new KeyPart(PacketField.DestinationPort), new KeyPart(PacketField.Random, 3));
        lookup.Map.Targets.Should().Equal(new Dictionary<string, EndpointAddress>(StringComparer.Ordinal)
        {
            ["10.96.0.10 . 80 . 0"] = new(IpAddress.Parse("10.0.0.1"), 8080),
            ["10.96.0.10 . 80 . 1"] = new(IpAddress.Parse("10.0.0.2"), 8081),
        });
    }

    [Fact]
    public void MapsInRulesAreRead()
    {
        Rule("numgen random mod 2 vmap { 0 : goto x, 1 : return }").Steps[0].Should().BeOfType<RuleStep.VerdictLookup>()
            .Which.Map.Steps.Keys.Should().Equal("0", "1");
        Rule("dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 80 }").Steps[0].Should().BeOfType<RuleStep.DnatLookup>()
            .Which.Map.Targets["1"].Should().Be(new EndpointAddress(IpAddress.Parse("10.0.0.2"), 80));
    }

    [Fact]
    public void KeysAreCanonical()
    {
        Ruleset rules = Rulesets.NftablesText(
            "table ip6 t {\n\tset s {\n\t\ttype ipv6_addr\n\t\telements = { ::1.2.3.4, fd00:0::1 }\n\t}\n\n\tchain c {\n\t\tip6 daddr @s accept\n\t}\n}\n",
            IpFamily.IPv6);

        ((RuleStep.SetMatch)rules.Tables[0].Chains["c"].Rules[0].Steps[0]).Set.Keys.Should().BeEquivalentTo("::102:304", "fd00::1");
    }

    private static RuleStep.AddressMatch Match(PacketField field, params string[] prefixes) =>
        new(field, [.. prefixes.Select(prefix => AddressRange.Of(IpPrefix.Parse(prefix)))], IsNegated: false);

    private static WalkRule Rule(string rule, string objects = "") => Rulesets.NftablesText(
        $"table ip t {{\n\tset clients {{\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout 1h30m15s\n\t}}\n\n\t{objects}\n\n\tchain c {{\n\t\t{rule}\n\t}}\n}}\n",
        IpFamily.IPv4).Tables[0].Chains["c"].Rules.Should().ContainSingle().Which;
}
