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
        { "ct state != new", [new RuleStep.StateMatch(ConnectionStates.New, IsNegated: true)] },
        { "ct state != { new, untracked }", [new RuleStep.StateMatch(ConnectionStates.New | ConnectionStates.Untracked, IsNegated: true)] },
        { "ct state new,untracked", [new RuleStep.StateMatch(ConnectionStates.New | ConnectionStates.Untracked, IsNegated: false)] },
        { "ct state != new | untracked", [new RuleStep.SettledMatch("ct state != new | untracked", Holds: true, OnlyFirstPacket: false)] },
        { "ct state != new,untracked", [new RuleStep.SettledMatch("ct state != new,untracked", Holds: true, OnlyFirstPacket: false)] },
        { "ct status != dnat", [new RuleStep.TrackedMatch(), new RuleStep.SettledMatch("ct status != dnat", Holds: true, OnlyFirstPacket: false)] },
        { "ct status dnat masquerade fully-random", [new RuleStep.StateMatch(ConnectionStates.Dnat, IsNegated: false), new RuleStep.Masquerade { IsRandom = true }] },
        { "meta l4proto tcp dnat to 10.0.0.1:8080", [s_tcp, new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), 8080)] },
        { "dnat to [fd00::1]:8080", [new RuleStep.Dnat(IpAddress.Parse("fd00::1"), 8080)] },
        { "dnat to fd00::1", [new RuleStep.Dnat(IpAddress.Parse("fd00::1"), null)] },
        { "dnat ip to 10.0.0.1 persistent", [new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), null)] },
        { "dnat to :8080", [new RuleStep.Dnat(null, 8080)] },
        { "meta mark & 0x00004000 != 0 meta mark set meta mark ^ 0x00004000 masquerade fully-random", [new RuleStep.MarkMatch(0x4000, 0, IsNegated: true), new RuleStep.SetMark(uint.MaxValue, 0x4000), new RuleStep.Masquerade { IsRandom = true }] },
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
        { "reject with tcp reset", [s_tcp, new RuleStep.Reject("tcp reset")] },
        { "tcp dport 80 reject with tcp reset", [s_tcp, new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: false), new RuleStep.Reject("tcp reset")] },
        { "reject with icmpv6 admin-prohibited", [new RuleStep.ProtocolMatch(null, IsNegated: false), new RuleStep.Reject("admin-prohibited")] },
        { "counter name \"c\" log prefix \"a, b: \" group 2 accept", [new RuleStep.NoEffect("counter"), new RuleStep.NoEffect("log"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "continue", [new RuleStep.NoEffect("continue")] },
        { "limit rate 5/second burst 5 packets accept", [new RuleStep.UnknownMatch("limit rate 5/second burst 5 packets") { DependsOn = "the rate of packets" }, new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "tcp dport { 80, 443 } accept", [s_tcp, Ports((80, 80), (443, 443)), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "th dport vmap { 80-90 : accept } counter", [new RuleStep.Cases([new("80-90", [Ports((80, 90))], new RuleStep.Verdict(WalkVerdict.Accept))], "th dport vmap { 80-90 : accept }"), new RuleStep.NoEffect("counter")] },
        { "some thing { with { braces } } drop", [new RuleStep.UnknownMatch("some thing { with { braces } }"), new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "snat ip to 10.0.0.1", [new RuleStep.Translate(TranslationKind.Source, To("10.0.0.1", "10.0.0.1"))] },
        { "snat to 10.0.0.1-10.0.0.9:1024-2047 random", [new RuleStep.Translate(TranslationKind.Source, To("10.0.0.1", "10.0.0.9") with { Ports = new(1024, 2047), IsRandom = true })] },
        { "dnat to 10.0.0.1-10.0.0.9:80-90", [new RuleStep.Translate(TranslationKind.Destination, To("10.0.0.1", "10.0.0.9") with { Ports = new(80, 90) })] },
        { "dnat to :80-90", [new RuleStep.Translate(TranslationKind.Destination, new(null, new PortRange(80, 90)))] },
        { "dnat to [fd00::1]-[fd00::9]:80", [new RuleStep.Translate(TranslationKind.Destination, To("fd00::1", "fd00::9") with { Ports = new(80, 80) })] },
        { "redirect to :8080", [new RuleStep.Translate(TranslationKind.ToThisNode, new(null, new PortRange(8080, 8080)))] },
        { "redirect", [new RuleStep.Translate(TranslationKind.ToThisNode, new(null, null))] },
        { "masquerade to :1024-65535", [new RuleStep.Masquerade { Ports = new(1024, 65535) }] },
        { "notrack", [new RuleStep.NoTracking()] },
        { "queue flags bypass to 0-3 counter", [new RuleStep.UnknownStatement("queue flags bypass to 0-3") { DependsOn = "a program that reads the queue and decides" }, new RuleStep.NoEffect("counter")] },
        { "tproxy to :15001 meta mark set 0x1 accept", [new RuleStep.UnknownStatement("tproxy to :15001") { DependsOn = "a transparent proxy on this node, if one listens" }, new RuleStep.SetMark(0, 1), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "dup to 10.0.0.9 device \"eth1\" accept", [new RuleStep.NoEffect("dup"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "tcp option maxseg size set rt mtu accept", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.NoEffect("tcp option maxseg size"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "ip dscp set cs1 accept", [new RuleStep.NoEffect("ip dscp"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "ip6 dscp set cs1 accept", [new RuleStep.ProtocolMatch(null, IsNegated: false), new RuleStep.NoEffect("ip6 dscp"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "meta priority set tcp dport map { 80 : 1:1 } accept", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.PortsMatch(PacketField.DestinationPort, [new PortRange(80, 80)], IsNegated: false), new RuleStep.NoEffect("meta priority"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "counter name tcp dport map { 80 : \"web\", 443 : \"web\" } accept", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.PortsMatch(PacketField.DestinationPort, [new PortRange(80, 80), new PortRange(443, 443)], IsNegated: false), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "counter name \"web\" accept", [new RuleStep.NoEffect("counter"), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "flow add @f accept", [new RuleStep.SettledMatch("flow add @f", Holds: false, OnlyFirstPacket: true), new RuleStep.Verdict(WalkVerdict.Accept)] },
        { "ct zone set 5", [new RuleStep.TrackingTemplate("ct zone set 5", AlsoUntracked: true)] },
        { "ct state ! new,related", [new RuleStep.StateMatch(ConnectionStates.New | ConnectionStates.Related, IsNegated: true)] },
        { "tcp flags ! syn", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.SettledMatch("tcp flags ! syn", Holds: false, OnlyFirstPacket: true)] },
        { "tcp dport eq 80", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: false)] },
        { "tcp dport gt 1023", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.PortsMatch(PacketField.DestinationPort, [new PortRange(1024, 65535)], IsNegated: false)] },
        { "meta mark set ip saddr map { 10.0.0.0/8 : 0x1 }", [new RuleStep.Cases([new("10.0.0.0/8", [new RuleStep.AddressMatch(PacketField.Source, [new AddressRange(IpAddress.Parse("10.0.0.0").ToBits(), IpAddress.Parse("10.255.255.255").ToBits())], IsNegated: false)], new RuleStep.SetMark(0, 1))], "meta mark set ip saddr map { 10.0.0.0/8 : 0x1 }")] },
        { "meta mark & 0x3 vmap { 0x1 : accept }", [new RuleStep.Cases([new("0x1", [new RuleStep.MarkMatch(3, 1, IsNegated: false)], new RuleStep.Verdict(WalkVerdict.Accept))], "meta mark & 0x00000003 vmap { 0x1 : accept }")] },
        { "redirect to :tcp dport map { 80 : 8080 }", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.Cases([new("80", [new RuleStep.PortsMatch(PacketField.DestinationPort, [new PortRange(80, 80)], IsNegated: false)], new RuleStep.Translate(TranslationKind.ToThisNode, new(null, new PortRange(8080, 8080))))], "redirect to :tcp dport map { 80 : 8080 }")] },
        { "tcp flags vmap { syn | ack : drop }", [new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), new RuleStep.Cases([new("syn | ack", [new RuleStep.SettledMatch("tcp flags syn | ack", Holds: false, OnlyFirstPacket: true)], new RuleStep.Verdict(WalkVerdict.Drop))], "tcp flags vmap { syn | ack : drop }")] },
        { "ip saddr { 10.0.0.1 limit rate 5/second } drop", [new RuleStep.UnknownMatch("ip saddr { 10.0.0.1 limit rate 5/second }") { DependsOn = "the field ip saddr of the packet" }, new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "numgen random mod 2 offset 5 0 drop", [new RuleStep.RandomMatch(0), new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "jhash ip saddr . tcp sport mod 4 seed 0x1 0 goto x", [new RuleStep.RandomMatch(0.25), new RuleStep.Jump("x", IsGoto: true)] },
        { "numgen inc mod 2 vmap { 0 : jump a, 1 : jump b }", [new RuleStep.Cases([new("0", [new RuleStep.RandomMatch(0.5)], new RuleStep.Jump("a", IsGoto: false)), new("1", [new RuleStep.RandomMatch(1)], new RuleStep.Jump("b", IsGoto: false))], "numgen inc mod 2 vmap { 0 : jump a, 1 : jump b }")] },
        { "ct mark set meta mark", [new RuleStep.SaveMark(uint.MaxValue, uint.MaxValue)] },
        { "meta mark set ct mark & 0xff", [new RuleStep.TrackedMatch(), new RuleStep.RestoreMark(uint.MaxValue, 0xff)] },
        { "meta mark set meta mark & 0xffff3fff | 0x00004000", [new RuleStep.SetMark(0xffff3fff, 0x4000)] },
        { "ct mark & 0xf0 == 0x10", [new RuleStep.ConnectionMarkMatch(0xf0, 0x10, IsNegated: false)] },
        { "tcp flags syn / fin,syn,rst,ack", [s_tcp, new RuleStep.SettledMatch("tcp flags & fin,syn,rst,ack == syn", Holds: true, OnlyFirstPacket: true)] },
        { "tcp flags & (fin | syn | rst | ack) != syn", [s_tcp, new RuleStep.SettledMatch("tcp flags & fin|syn|rst|ack != syn", Holds: false, OnlyFirstPacket: true)] },
        { "tcp flags ack", [s_tcp, new RuleStep.SettledMatch("tcp flags ack", Holds: false, OnlyFirstPacket: true)] },
        { "tcp dport 30000-32767", [s_tcp, Ports((30000, 32767))] },
        { "tcp dport >= 1024", [s_tcp, Ports((1024, 65535))] },
        { "tcp dport ssh", [s_tcp, Ports((22, 22))] },
        { "ip protocol udp", [new RuleStep.ProtocolMatch(TransportProtocol.Udp, IsNegated: false)] },
        { "ip protocol != icmp", [new RuleStep.ProtocolMatch(null, IsNegated: true)] },
        { "meta nfproto ipv4", [new RuleStep.SettledMatch("meta nfproto ipv4", Holds: true, OnlyFirstPacket: false)] },
        { "iifname { \"eth0\", \"br*\" }", [new RuleStep.AnyOf([[Interface("eth0")], [Interface("br") with { IsPrefix = true }]], IsNegated: false)] },
        { "ip saddr . tcp dport { 10.0.0.0/8 . 80-90, 10.1.0.1 . 443 }", [s_tcp, new RuleStep.AnyOf([[Match(PacketField.Source, "10.0.0.0/8"), Ports((80, 90))], [Match(PacketField.Source, "10.1.0.1/32"), Ports((443, 443))]], IsNegated: false)] },
        { "iifname vmap { \"eth0\" : jump a, \"*\" : drop }", [new RuleStep.Cases([new("eth0", [Interface("eth0")], new RuleStep.Jump("a", IsGoto: false)), new("*", [], new RuleStep.Verdict(WalkVerdict.Drop))], "iifname vmap { eth0 : jump a, * : drop }")] },
        { "ct original ip daddr 10.0.0.1", [new RuleStep.TrackedMatch(), Match(PacketField.OriginalDestination, "10.0.0.1/32")] },
        { "ct direction reply", [new RuleStep.TrackedMatch(), new RuleStep.SettledMatch("ct direction reply", Holds: false, OnlyFirstPacket: true)] },
        { "fib daddr type { local, broadcast }", [new RuleStep.AnyOf([[new RuleStep.LocalMatch(PacketField.Destination, IsNegated: false)], [new RuleStep.AddressTypeMatch(PacketField.Destination, AddressTypes.Broadcast, IsNegated: false)]], IsNegated: false)] },
        { "meta skuid 1000 drop", [new RuleStep.UnknownMatch("meta skuid 1000") { DependsOn = "the user of the program that sends", OfForwarded = false }, new RuleStep.Verdict(WalkVerdict.Drop)] },
        { "add @seen { ip saddr timeout 1m limit rate over 5/second } drop", [new RuleStep.UnknownMatch("add @seen { ip saddr timeout 1m limit rate over 5/second }") { DependsOn = "the rate of packets" }, new RuleStep.Verdict(WalkVerdict.Drop)] },
    };

    private static RuleStep.PortsMatch Ports(params (ushort First, ushort Last)[] ranges) =>
        new(PacketField.DestinationPort, [.. ranges.Select(range => new PortRange(range.First, range.Last))], IsNegated: false);

    private static RuleStep.InterfaceMatch Interface(string name) => new(IsInput: true, name, IsPrefix: false, IsNegated: false);

    private static TranslationRange To(string first, string last) => new(new AddressRange(IpAddress.Parse(first).ToBits(), IpAddress.Parse(last).ToBits()), null);

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
