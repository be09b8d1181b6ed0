using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.Renderers.Nftables.Tests.Reading.Listing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

public sealed class NftMatchReadingTests
{
    [Theory]
    [InlineData("\"10.0.0.1\"", "10.0.0.1/32")]
    [InlineData("""{"prefix": {"addr": "10.0.0.0", "len": 8}}""", "10.0.0.0/8")]
    [InlineData("""{"range": ["10.0.0.0", "10.0.0.255"]}""", "10.0.0.0/24")]
    [InlineData("""{"set": ["10.0.0.1", {"prefix": {"addr": "11.0.0.0", "len": 8}}]}""", "10.0.0.1/32 11.0.0.0/8")]
    [InlineData("""{"set": [{"elem": {"val": {"prefix": {"addr": "11.0.0.0", "len": 8}}, "comment": "x"}}]}""", "11.0.0.0/8")]
    public void AddressesAreRead(string right, string prefixes)
    {
        AddressRange[] ranges = [.. prefixes.Split(' ').Select(prefix => AddressRange.Of(IpPrefix.Parse(prefix)))];

        Steps(Match(Source, right)).Should().Equal(new RuleStep.AddressMatch(PacketField.Source, [.. ranges], IsNegated: false));
        Steps(Match(Source, right, "!=")).Should().Equal(new RuleStep.AddressMatch(PacketField.Source, [.. ranges], IsNegated: true));
        Steps(Match(Destination, right)).Should().Equal(new RuleStep.AddressMatch(PacketField.Destination, [.. ranges], IsNegated: false));
    }

    [Fact]
    public void AddressesOfIPv6AreRead()
    {
        const string Left = """{"payload": {"protocol": "ip6", "field": "daddr"}}""";

        Steps(Match(Left, """{"prefix": {"addr": "fd00::", "len": 64}}"""), family: "ip6", seenAs: IpFamily.IPv6)
            .Should().Equal(new RuleStep.AddressMatch(PacketField.Destination, [AddressRange.Of(IpPrefix.Parse("fd00::/64"))], IsNegated: false));
    }

    /// <summary>A table of the family inet holds rules of both.</summary>
    [Fact]
    public void RulesForTheOtherFamilyMatchNothing()
    {
        RuleStep none = new RuleStep.ProtocolMatch(null, IsNegated: false);

        Steps(Match(Source, "\"10.0.0.1\""), family: "inet").Should().NotContain(none);
        Steps(Match(Source, "\"10.0.0.1\""), family: "inet", seenAs: IpFamily.IPv6).Should().StartWith(none);
    }

    [Fact]
    public void PortsImplyTheirProtocol()
    {
        RuleStep port = new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: false);

        Steps(Match(Port, "80")).Should().Equal(port);
        Steps(Match(TcpPort, "80")).Should().Equal(new RuleStep.ProtocolMatch(TransportProtocol.Tcp, IsNegated: false), port);
        Steps(Match("""{"payload": {"protocol": "udp", "field": "sport"}}""", "53", "!="))
            .Should().Equal(new RuleStep.ProtocolMatch(TransportProtocol.Udp, IsNegated: false), new RuleStep.PortMatch(PacketField.SourcePort, 53, 53, IsNegated: true));
    }

    [Theory]
    [InlineData("tcp", TransportProtocol.Tcp)]
    [InlineData("udp", TransportProtocol.Udp)]
    [InlineData("sctp", TransportProtocol.Sctp)]
    [InlineData("icmp", null)]
    public void ProtocolsAreRead(string name, TransportProtocol? protocol)
    {
        Steps(Match(Protocol, $"\"{name}\"")).Should().Equal(new RuleStep.ProtocolMatch(protocol, IsNegated: false));
        Steps(Match(Protocol, $"\"{name}\"", "!=")).Should().Equal(new RuleStep.ProtocolMatch(protocol, IsNegated: true));
    }

    [Theory]
    [InlineData("iifname", "eth0", true, "eth0", false)]
    [InlineData("iifname", "eth*", true, "eth", true)]
    [InlineData("oifname", "eth0", false, "eth0", false)]
    public void InterfacesAreRead(string key, string name, bool isInput, string read, bool isPrefix)
    {
        Steps(Match($$$"""{"meta": {"key": "{{{key}}}"}}""", $"\"{name}\"", "!=")).Should().Equal(new RuleStep.InterfaceMatch(isInput, read, isPrefix, IsNegated: true));
    }

    [Theory]
    [InlineData("state", "\"new\"", ConnectionStates.New)]
    [InlineData("state", """["established", "related"]""", ConnectionStates.Established | ConnectionStates.Related)]
    [InlineData("state", """{"set": ["invalid", "untracked"]}""", ConnectionStates.Invalid | ConnectionStates.Untracked)]
    [InlineData("status", "\"dnat\"", ConnectionStates.Dnat)]
    [InlineData("status", """["snat", "dnat"]""", ConnectionStates.Snat | ConnectionStates.Dnat)]
    public void StatesAreRead(string key, string right, ConnectionStates states)
    {
        string left = $$$"""{"ct": {"key": "{{{key}}}"}}""";

        Steps(Match(left, right, "in")).Should().Equal(new RuleStep.StateMatch(states, IsNegated: false));
    }

    /// <summary>The negation compares whole values, but for the elements of a set.</summary>
    [Theory]
    [InlineData("\"new\"", ConnectionStates.New)]
    [InlineData("""{"set": ["invalid", "untracked"]}""", ConnectionStates.Invalid | ConnectionStates.Untracked)]
    public void StatesAreNegated(string right, ConnectionStates states)
    {
        Steps(Match("""{"ct": {"key": "state"}}""", right, "!=")).Should().Equal(new RuleStep.StateMatch(states, IsNegated: true));
    }

    [Fact]
    public void MarksAreRead()
    {
        Steps(Match(Mark, "5")).Should().Equal(new RuleStep.MarkMatch(uint.MaxValue, 5, IsNegated: false));
        Steps(Match($$"""{"&": [{{Mark}}, 16384]}""", "16384")).Should().Equal(new RuleStep.MarkMatch(0x4000, 0x4000, IsNegated: false));
        Steps(Match($$"""{"&": [{{Mark}}, 4294967295]}""", "0", "!=")).Should().Equal(new RuleStep.MarkMatch(uint.MaxValue, 0, IsNegated: true));
    }

    [Theory]
    [InlineData("saddr", PacketField.Source)]
    [InlineData("daddr", PacketField.Destination)]
    public void LocalAddressesAreRead(string flag, PacketField field)
    {
        Steps(Match($$$"""{"fib": {"result": "type", "flags": ["{{{flag}}}"]}}""", "\"local\"", "!=")).Should().Equal(new RuleStep.LocalMatch(field, IsNegated: true));
    }

    [Fact]
    public void ChanceIsRead()
    {
        const string OneOfFour = """{"numgen": {"mode": "random", "mod": 4, "offset": 0}}""";

        Steps(Match(OneOfFour, "0")).Should().Equal(new RuleStep.RandomMatch(0.25));
        Steps(Match(OneOfFour, "3", "!=")).Should().Equal(new RuleStep.RandomMatch(0.75));
        Steps(Match(OneOfFour, "4")).Should().Equal(new RuleStep.RandomMatch(0));
    }

    [Fact]
    public void NamedSetsAreReadWithCommentsAndTimeouts()
    {
        string set = NamedSet("""{"elem": {"val": "9.9.9.9", "comment": "x"}}, "9.9.9.8" """);

        Steps(Match(Source, "\"@s\"", "!="), set).Should().Equal(new RuleStep.AddressMatch(
            PacketField.Source,
            [AddressRange.Of(IpAddress.Parse("9.9.9.9")), AddressRange.Of(IpAddress.Parse("9.9.9.8"))],
            IsNegated: true));
        RuleStep.SetMatch match = Steps(Match(Destination, "\"@s\""), set).Should().ContainSingle().Which.Should().BeOfType<RuleStep.SetMatch>().Which;
        match.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Destination));
        match.Set.Name.Should().Be("s");
        match.Set.Keys.Should().BeEquivalentTo("9.9.9.9", "9.9.9.8");
        match.IsNegated.Should().BeFalse();
    }

    [Fact]
    public void KeysOfConcatenationsAreJoined()
    {
        string set = NamedSet("""{"concat": ["10.96.0.10", "tcp", 80]}, {"elem": {"val": {"concat": ["10.96.0.11", "udp", 53]}, "comment": "x"}}""");

        RuleStep.SetMatch match = Steps(Match(Concat(Destination, Protocol, Port), "\"@s\""), set).Should().ContainSingle().Which.Should().BeOfType<RuleStep.SetMatch>().Which;

        match.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Destination), new KeyPart(PacketField.Protocol), new KeyPart(PacketField.DestinationPort));
        match.Set.Keys.Should().BeEquivalentTo("10.96.0.10 . tcp . 80", "10.96.0.11 . udp . 53");
    }

    /// <summary>nft prints addresses in ::/96 with dots; keys are looked up in the canonical form.</summary>
    [Fact]
    public void KeysAreCanonical()
    {
        string set = """{"set": {"family": "ip6", "name": "s", "table": "t", "type": "ipv6_addr", "handle": 3, "elem": ["::1.2.3.4"]}}""";

        RuleStep step = Steps(Match("""{"payload": {"protocol": "ip6", "field": "daddr"}}""", "\"@s\""), set, "ip6", IpFamily.IPv6).Should().ContainSingle().Which;

        step.Should().BeOfType<RuleStep.SetMatch>().Which.Set.Keys.Should().Equal("::102:304");
    }

    [Fact]
    public void ASetOfSourcesThatExpireRemembersClients()
    {
        string set = NamedSet("", ", \"flags\": [\"dynamic\", \"timeout\"], \"timeout\": 90");

        Steps(Match(Source, "\"@s\"") + """, {"goto": {"target": "c"}}""", set)[0].Should().Be(new RuleStep.KnownClientMatch("s", 90));
    }

    /// <summary>A rule that drops or accepts the clients of a list depends on the list, which is that of one moment.</summary>
    [Fact]
    public void WhatASetThatRulesFillDecidesIsOpen()
    {
        string set = NamedSet("\"10.0.0.1\"", ", \"flags\": [\"dynamic\", \"timeout\"], \"timeout\": 90");

        Steps(Match(Source, "\"@s\"") + """, {"drop": null}""", set)[0].Should().BeOfType<RuleStep.UnknownMatch>().Which.DependsOn.Should().Contain("s, which change");
    }

    /// <summary>A list that only a user fills has the elements that it has, though each has a timeout.</summary>
    [Fact]
    public void ASetWithTimeoutsThatNoRuleFillsHasItsElements()
    {
        string set = NamedSet("""{"elem": {"val": "10.0.0.1", "timeout": 3600, "expires": 100}}""", ", \"flags\": [\"timeout\"], \"timeout\": 90");
        string rule = Match(Source, "\"@s\"") + """, {"drop": null}""";

        Verdict(rule, set, "10.0.0.1", "10.96.0.10").Should().Be(WalkVerdict.Drop);
        Verdict(rule, set, "10.0.0.2", "10.96.0.10").Should().Be(WalkVerdict.Accept);
    }

    /// <summary>Intervals are not keys to be looked up: addresses between their ends are members, too.</summary>
    [Theory]
    [InlineData("10.0.0.0", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("11.0.0.0", false)]
    [InlineData("192.168.0.3", true)]
    [InlineData("192.168.0.6", false)]
    [InlineData("9.9.9.9", true)]
    public void SetsWithIntervalsHoldWhatIsBetween(string address, bool isMember)
    {
        string set = NamedSet("""{"elem": {"val": "9.9.9.9", "comment": "x"}}, {"prefix": {"addr": "10.0.0.0", "len": 8}}, {"range": ["192.168.0.1", "192.168.0.5"]}""", ", \"flags\": [\"interval\"]");

        Verdict(Match(Destination, "\"@s\"") + """, {"drop": null}""", set, "198.51.100.1", address).Should().Be(isMember ? WalkVerdict.Drop : WalkVerdict.Accept);
        Verdict(Match(Source, "\"@s\"") + """, {"drop": null}""", set, address, "10.96.0.10").Should().Be(isMember ? WalkVerdict.Drop : WalkVerdict.Accept);
    }

    [Theory]
    [InlineData("""{"match": {"op": "==", "left": {"&": [{"payload": {"protocol": "ip", "field": "saddr"}}, "0.0.0.255"]}, "right": "0.0.0.1"}}""", "")]
    [InlineData("""{"match": {"op": "==", "left": {"payload": {"base": "transport", "offset": 0, "len": 16}}, "right": 80}}""", "")]
    [InlineData("""{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "ttl"}}, "right": 1}}""", "")]
    [InlineData("""{"match": {"op": "<", "left": {"numgen": {"mode": "random", "mod": 3, "offset": 0}}, "right": 1}}""", "")]
    public void AMatchThatIsNotKnownMayBeTrue(string match, string elements)
    {
        WalkRule rule = Rule(match + """, {"drop": null}""", elements.Length == 0 ? "" : NamedSet(elements));

        rule.Steps.AsSpan().ToArray().Should().HaveCount(2);
        rule.Steps[0].Should().BeOfType<RuleStep.UnknownMatch>().Which.Text.Should().NotBeEmpty();
        rule.Steps[1].Should().Be(new RuleStep.Verdict(WalkVerdict.Drop));
    }

    private static WalkVerdict Verdict(string expressions, string objects, string source, string destination)
    {
        Ruleset rules = Testing.Rulesets.Nftables(Text(expressions, objects), IpFamily.IPv4);
        WalkPacket packet = new(AddressRange.Of(IpAddress.Parse(source)), IpAddress.Parse(destination), TransportProtocol.Tcp, 80) { InputInterface = "eth0" };
        WalkOutcome outcome = new PacketWalker(rules, new NodeView([])).Walk(packet).Should().ContainSingle().Which;
        outcome.IsUncertain.Should().BeFalse();
        return outcome.Verdict;
    }
}
