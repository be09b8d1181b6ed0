using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using static KubeProxySharp.Renderers.Nftables.Tests.Reading.Listing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

public sealed class NftStatementReadingTests
{
    private const string OneOfTwo = """{"numgen": {"mode": "random", "mod": 2, "offset": 0}}""";

    public static TheoryData<string, RuleStep> Statements => new()
    {
        { """{"accept": null}""", new RuleStep.Verdict(WalkVerdict.Accept) },
        { """{"drop": null}""", new RuleStep.Verdict(WalkVerdict.Drop) },
        { """{"return": null}""", new RuleStep.Verdict(WalkVerdict.Return) },
        { """{"continue": null}""", new RuleStep.NoEffect("continue") },
        { """{"jump": {"target": "x"}}""", new RuleStep.Jump("x", IsGoto: false) },
        { """{"goto": {"target": "x"}}""", new RuleStep.Jump("x", IsGoto: true) },
        { """{"reject": null}""", new RuleStep.Reject("port-unreachable") },
        { """{"reject": {"type": "icmp", "expr": "host-unreachable"}}""", new RuleStep.Reject("host-unreachable") },
        { """{"masquerade": null}""", new RuleStep.Masquerade() },
        { """{"masquerade": {"flags": "fully-random"}}""", new RuleStep.Masquerade { IsRandom = true } },
        { """{"counter": {"packets": 5, "bytes": 300}}""", new RuleStep.NoEffect("counter") },
        { """{"log": {"prefix": "x"}}""", new RuleStep.NoEffect("log") },
        { """{"notrack": null}""", new RuleStep.NoTracking() },
        { """{"dnat": {"addr": "10.0.0.1", "port": 8080}}""", new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), 8080) },
        { """{"dnat": {"family": "ip", "addr": "10.0.0.1", "port": 8080}}""", new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), 8080) },
        { """{"dnat": {"addr": "10.0.0.1"}}""", new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), null) },
        { """{"dnat": {"port": 8080}}""", new RuleStep.Dnat(null, 8080) },
        { """{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 4}}""", new RuleStep.SetMark(0, 4) },
        { """{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"meta": {"key": "mark"}}, 16384]}}}""", new RuleStep.SetMark(0xFFFFBFFF, 0x4000) },
        { """{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"^": [{"meta": {"key": "mark"}}, 16384]}}}""", new RuleStep.SetMark(0xFFFFFFFF, 0x4000) },
        { """{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"&": [{"meta": {"key": "mark"}}, 16384]}}}""", new RuleStep.SetMark(0x4000, 0) },
        { """{"set": {"op": "update", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "set": "@s"}}""", new RuleStep.RememberClient("s") },
        { """{"set": {"op": "add", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "set": "@s"}}""", new RuleStep.RememberClient("s") },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public void StatementsAreRead(string statement, RuleStep step)
    {
        Steps(statement).Should().Equal(step);
    }

    /// <summary>Foreign tables hold all kinds of things; they must not make the whole listing unreadable.</summary>
    [Theory]
    [InlineData("""{"xt": null}""")]
    [InlineData("""{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"meta": {"key": "mark"}}, {"<<": [1, 2]}]}}}""")]
    [InlineData("""{"map": {"op": "update", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "data": 5, "map": "@m"}}""")]
    [InlineData("\"update @dynm { ip saddr : 0x00000005 }\"")]
    public void AStatementThatIsNotKnownMayDoAnything(string statement)
    {
        WalkRule rule = Rule(statement);

        rule.Steps.AsSpan().ToArray().Should().ContainSingle().Which.Should().BeOfType<RuleStep.UnknownStatement>().Which.Text.Should().NotBeEmpty();
        rule.Text.Should().NotBeEmpty();
    }

    /// <summary>Maps with keys of any kind, and with data of any kind that a statement takes.</summary>
    [Theory]
    [InlineData("""{"dnat": {"addr": {"map": {"key": {"payload": {"protocol": "ip", "field": "saddr"}}, "data": {"set": [["1.1.1.1", "2.2.2.2"]]}}}}}""")]
    [InlineData("""{"dnat": {"addr": {"map": {"key": {"numgen": {"mode": "random", "mod": 1, "offset": 0}}, "data": {"set": [[0, "10.0.0.1"]]}}}, "port": 80}}""")]
    [InlineData("""{"dnat": {"addr": {"map": {"key": {"ct": {"key": "mark"}}, "data": {"set": [[0, {"concat": ["10.0.0.1", 80]}]]}}}}}""")]
    [InlineData("""{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["established", {"drop": null}], ["new", {"accept": null}]]}}}""")]
    [InlineData("""{"vmap": {"key": {"payload": {"protocol": "th", "field": "dport"}}, "data": {"set": [[{"range": [80, 90]}, {"accept": null}], [100, {"jump": {"target": "x"}}]]}}}""")]
    [InlineData("""{"vmap": {"key": {"payload": {"protocol": "ip", "field": "daddr"}}, "data": {"set": [[{"prefix": {"addr": "10.0.0.0", "len": 8}}, {"accept": null}]]}}}""")]
    [InlineData("""{"vmap": {"key": {"payload": {"protocol": "th", "field": "dport"}}, "data": {"set": [[22, {"accept": null}], ["*", {"drop": null}]]}}}""")]
    public void AMapWithKeysOfAnyKindIsALookup(string statement)
    {
        Rule(statement).Steps.AsSpan().ToArray().Should().ContainSingle().Which.Should().BeOfType<RuleStep.Cases>().Which.All.Length.Should().BePositive();
    }

    /// <summary>Packets beyond a limit go on to the next rule, and nothing happens to the others.</summary>
    [Theory]
    [InlineData("""{"limit": {"rate": 5, "burst": 5, "per": "second"}}""")]
    [InlineData("""{"quota": {"val": 5, "val_unit": "mbytes", "inv": true}}""")]
    [InlineData("""{"ct count": {"val": 10, "inv": true}}""")]
    public void ALimitMayBeReached(string statement)
    {
        Rule(statement).Steps.AsSpan().ToArray().Should().ContainSingle().Which.Should().BeOfType<RuleStep.UnknownMatch>();
    }

    [Theory]
    [InlineData("""[{"concat": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, "tcp", {"range": [80, 90]}]}, {"drop": null}]""")]
    [InlineData("""["*", {"drop": null}]""")]
    public void ANamedMapWithIntervalsIsALookup(string element)
    {
        string map = NamedMap("""[{"concat": ["1.1.1.1", "tcp", 80]}, {"drop": null}], """ + element);

        Steps($$$"""{"vmap": {"key": {{{Concat(Destination, Protocol, Port)}}}, "data": "@m"}}""", map).Should().ContainSingle().Which.Should().BeOfType<RuleStep.Cases>().Which.All.Length.Should().Be(2);
    }

    [Fact]
    public void VerdictMapsAreRead()
    {
        string map = NamedMap("""
            [{"concat": ["10.96.0.10", "tcp", 80]}, {"goto": {"target": "x"}}],
            [{"elem": {"val": {"concat": ["10.96.0.11", "udp", 53]}, "comment": "shop/web"}}, {"drop": null}],
            [{"concat": ["10.96.0.12", "sctp", 9]}, {"tproxy": {"port": 1}}]
            """);

        RuleStep.VerdictLookup lookup = Steps($$$"""{"vmap": {"key": {{{Concat(Destination, Protocol, Port)}}}, "data": "@m"}}""", map)
            .Should().ContainSingle().Which.Should().BeOfType<RuleStep.VerdictLookup>().Which;

        lookup.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Destination), new KeyPart(PacketField.Protocol), new KeyPart(PacketField.DestinationPort));
        lookup.Map.Name.Should().Be("m");
        lookup.Map.Steps.Should().Equal(new Dictionary<string, RuleStep>(StringComparer.Ordinal)
        {
            ["10.96.0.10 . tcp . 80"] = new RuleStep.Jump("x", IsGoto: true),
            ["10.96.0.11 . udp . 53"] = new RuleStep.Verdict(WalkVerdict.Drop),
            ["10.96.0.12 . sctp . 9"] = new RuleStep.UnknownStatement("""{"tproxy": {"port": 1}}"""),
        });
    }

    [Fact]
    public void VerdictMapsInRulesAreRead()
    {
        RuleStep.VerdictLookup lookup = Steps($$$$"""{"vmap": {"key": {{{{OneOfTwo}}}}, "data": {"set": [[0, {"jump": {"target": "x"}}], [1, {"return": null}]]}}}""")
            .Should().ContainSingle().Which.Should().BeOfType<RuleStep.VerdictLookup>().Which;

        lookup.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Random, 2));
        lookup.Map.Steps.Should().Equal(new Dictionary<string, RuleStep>(StringComparer.Ordinal)
        {
            ["0"] = new RuleStep.Jump("x", IsGoto: false),
            ["1"] = new RuleStep.Verdict(WalkVerdict.Return),
        });
    }

    [Fact]
    public void MapsOfEndpointsAreReadInRulesAndByName()
    {
        const string Elements = """[0, {"concat": ["10.0.0.1", 8080]}], [1, {"concat": ["10.0.0.2", 8081]}]""";
        string named = $$$"""{"map": {"family": "ip", "name": "m", "table": "t", "type": "integer", "handle": 3, "map": ["ipv4_addr", "inet_service"], "elem": [{{{Elements}}}]}}""";
        string inRule = $$$$$$"""{"dnat": {"family": "ip", "addr": {"map": {"key": {{{{{{OneOfTwo}}}}}}, "data": {"set": [{{{{{{Elements}}}}}}]}}}}}""";
        string byName = $$$$$$"""{"dnat": {"family": "ip", "addr": {"map": {"key": {{{{{{OneOfTwo}}}}}}, "data": "@m"}}}}""";

        foreach (RuleStep step in new[] { Steps(inRule).Should().ContainSingle().Which, Steps(byName, named).Should().ContainSingle().Which })
        {
            RuleStep.DnatLookup lookup = step.Should().BeOfType<RuleStep.DnatLookup>().Which;
            lookup.Key.AsSpan().ToArray().Should().Equal(new KeyPart(PacketField.Random, 2));
            lookup.Map.Targets.Should().Equal(new Dictionary<string, EndpointAddress>(StringComparer.Ordinal)
            {
                ["0"] = new(IpAddress.Parse("10.0.0.1"), 8080),
                ["1"] = new(IpAddress.Parse("10.0.0.2"), 8081),
            });
        }
    }

    [Theory]
    [InlineData("""{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}}, {"drop": null}""", "ip saddr != 10.0.0.0/8 drop")]
    [InlineData("""{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "new"]}}, {"accept": null}""", "ct state established,new accept")]
    [InlineData("""{"match": {"op": "==", "left": {"&": [{"meta": {"key": "mark"}}, 16384]}, "right": 16384}}, {"masquerade": {"flags": "fully-random"}}""", "meta mark & 0x00004000 == 0x00004000 masquerade fully-random")]
    [InlineData("""{"vmap": {"key": {"concat": [{"payload": {"protocol": "ip", "field": "daddr"}}, {"payload": {"protocol": "th", "field": "dport"}}]}, "data": "@m"}}""", "ip daddr . th dport vmap @m")]
    [InlineData("""{"dnat": {"addr": {"map": {"key": {"numgen": {"mode": "random", "mod": 1, "offset": 0}}, "data": {"set": [[0, {"concat": ["10.0.0.1", 80]}]]}}}}}""", "dnat to numgen random mod 1 map { 0 : 10.0.0.1 . 80 }")]
    [InlineData("""{"dnat": {"addr": "10.0.0.1", "port": 80}}""", "dnat to 10.0.0.1:80")]
    [InlineData("""{"set": {"op": "update", "elem": {"payload": {"protocol": "ip", "field": "saddr"}}, "set": "@s"}}, {"goto": {"target": "x"}}""", "update @s { ip saddr } goto x")]
    [InlineData("""{"flow": {"op": "add", "flowtable": "@f"}}""", """flow {"op": "add", "flowtable": "@f"}""")]
    public void RulesAreShownInTheLanguageOfNft(string expressions, string text)
    {
        Rule(expressions).Text.Should().Be(text);
    }
}
