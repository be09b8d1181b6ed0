using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Rules;

/// <summary>Matches, sets and maps, and the statements that change a packet.</summary>
public sealed class WalkMatchTests
{
    private static readonly WalkPacket s_packet = Packet("198.51.100.1", "10.96.0.10") with { Mark = 0x5 };

    /// <summary>Each match with a packet that it takes and one that it does not take.</summary>
    public static TheoryData<string> Matches => [.. Cases().Keys];

    [Theory]
    [MemberData(nameof(Matches))]
    public void AMatchTakesSomePacketsAndItsNegationTheOthers(string name)
    {
        (Func<bool, RuleStep> match, WalkPacket taken, WalkPacket left) = Cases()[name];

        IsDropped(match(false), taken).Should().BeTrue();
        IsDropped(match(false), left).Should().BeFalse();
        IsDropped(match(true), taken).Should().BeFalse();
        IsDropped(match(true), left).Should().BeTrue();
    }

    [Fact]
    public void AnUnheardOfProtocolMatchesNoService()
    {
        IsDropped(new RuleStep.ProtocolMatch(null, IsNegated: false), s_packet).Should().BeFalse();
        IsDropped(new RuleStep.ProtocolMatch(null, IsNegated: true), s_packet).Should().BeTrue();
    }

    [Theory]
    [InlineData(ConnectionStates.New, true)]
    [InlineData(ConnectionStates.New | ConnectionStates.Established, true)]
    [InlineData(ConnectionStates.Established | ConnectionStates.Related, false)]
    [InlineData(ConnectionStates.Dnat, false)]
    [InlineData(ConnectionStates.None, false)]
    public void TheFirstPacketIsNewAndNothingElse(ConnectionStates states, bool isTaken)
    {
        IsDropped(new RuleStep.StateMatch(states, IsNegated: false), s_packet).Should().Be(isTaken);
        IsDropped(new RuleStep.StateMatch(states, IsNegated: true), s_packet).Should().Be(!isTaken);
    }

    /// <summary>Where a packet leaves is routing's business.</summary>
    [Fact]
    public void AnOutputInterfaceIsNotKnown()
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(new RuleStep.InterfaceMatch(IsInput: false, "eth0", IsPrefix: false, IsNegated: false), Drop))), s_packet)
            .Should().BeEquivalentTo("198.51.100.1 Drop mark 5 uncertain", "198.51.100.1 Accept mark 5 uncertain");
    }

    [Fact]
    public void LocalSourcesAreSplitOff()
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(new RuleStep.LocalMatch(PacketField.Source, IsNegated: false), Drop))), Packet("192.0.2.8/29", "10.96.0.10"))
            .Should().BeEquivalentTo("192.0.2.10 Drop", "192.0.2.8/31 Accept", "192.0.2.11-192.0.2.15 Accept");
    }

    [Fact]
    public void AClientIsNewAndWillBeRemembered()
    {
        Ruleset rules = RulesOf(Nat(
            Hook.Prerouting,
            Rule(new RuleStep.KnownClientMatch("a", 90), Dnat("10.0.0.1", 81)),
            Rule(new RuleStep.RememberClient("b"), Dnat("10.0.0.2", 81))));

        Send(rules).Should().Equal("198.51.100.1 Accept to 10.0.0.2:81 affinity 90");
    }

    [Theory]
    [InlineData(0xFFFFFFFFu, 0x4000u, "mark 4005")]
    [InlineData(0xFFFFFFFBu, 0x4u, "mark 5")]
    [InlineData(0u, 0x9u, "mark 9")]
    [InlineData(0xFFFFFFFFu, 0x1u, "mark 4")]
    public void MarksAreMaskedThenFlipped(uint and, uint xor, string mark)
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(new RuleStep.SetMark(and, xor)))), s_packet).Should().Equal($"198.51.100.1 Accept {mark}");
    }

    [Fact]
    public void ADnatKeepsWhatItDoesNotName()
    {
        Send(RulesOf(Nat(Hook.Prerouting, Rule(new RuleStep.Dnat(null, 8080))))).Should().Equal("198.51.100.1 Accept to 10.96.0.10:8080");
        Send(RulesOf(Nat(Hook.Prerouting, Rule(new RuleStep.Dnat(IpAddress.Parse("10.0.0.1"), null))))).Should().Equal("198.51.100.1 Accept to 10.0.0.1:80");
    }

    [Fact]
    public void ARefusalTellsWhatTheClientGets()
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(new RuleStep.Reject("tcp-reset"))))).Should().Equal("198.51.100.1 Reject with tcp-reset");
    }

    [Fact]
    public void ASetOfDestinationsIsLookedUpByItsWholeKey()
    {
        RuleStep match = new RuleStep.SetMatch(
            Key(PacketField.Destination, PacketField.Protocol, PacketField.DestinationPort),
            Set("10.96.0.10 . tcp . 80", "10.96.0.11 . udp . 80"),
            IsNegated: false);

        IsDropped(match, Packet("198.51.100.1", "10.96.0.10", 80)).Should().BeTrue();
        IsDropped(match, Packet("198.51.100.1", "10.96.0.10", 81)).Should().BeFalse();
        IsDropped(match, Packet("198.51.100.1", "10.96.0.11", 80)).Should().BeFalse();
        IsDropped(match, Packet("198.51.100.1", "10.96.0.11", 80) with { Protocol = TransportProtocol.Udp }).Should().BeTrue();
    }

    /// <summary>The hairpin set of kube-proxy: source and destination are the same endpoint.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASetWithSourcesSplitsThemForItsOtherParts(bool isNegated)
    {
        RuleStep match = new RuleStep.SetMatch(
            Key(PacketField.Source, PacketField.Destination, PacketField.DestinationPort),
            Set("10.0.0.1 . 10.0.0.1 . 80", "10.0.0.2 . 10.0.0.2 . 80", "10.0.0.3 . 10.0.0.1 . 80"),
            isNegated);
        (string members, string others) = isNegated ? ("Accept", "Drop") : ("Drop", "Accept");

        Send(RulesOf(Filter(Hook.Forward, Rule(match, Drop))), Packet("10.0.0.0/30", "10.0.0.1"))
            .Should().BeEquivalentTo($"10.0.0.0 {others}", $"10.0.0.1 {members}", $"10.0.0.2 {others}", $"10.0.0.3 {members}");
    }

    [Fact]
    public void AVerdictMapLeadsToItsChainsOrOnToTheNextRule()
    {
        VerdictMap map = Map(("10.96.0.10 . tcp . 80", Goto("service")), ("10.96.0.11 . tcp . 80", Drop), ("10.96.0.12 . tcp . 80", Jump("service")));
        Ruleset rules = RulesOf(
            Filter(Hook.Forward, Rule(new RuleStep.VerdictLookup(Key(PacketField.Destination, PacketField.Protocol, PacketField.DestinationPort), map)), Rule(Mark(2))),
            Chain("service", Rule(Mark(1))));

        Send(rules, "10.96.0.10").Should().Equal("198.51.100.1 Accept mark 1");
        Send(rules, "10.96.0.11").Should().Equal("198.51.100.1 Drop");
        Send(rules, "10.96.0.12").Should().Equal("198.51.100.1 Accept mark 3");
        Send(rules, "10.96.0.13").Should().Equal("198.51.100.1 Accept mark 2");
    }

    [Fact]
    public void ARandomKeySharesThePacketsAndHolesGoOn()
    {
        TargetMap targets = new("endpoints");
        targets.Add("0", new(IpAddress.Parse("10.0.0.1"), 81));
        targets.Add("1", new(IpAddress.Parse("10.0.0.2"), 81));
        targets.Add("2", new(IpAddress.Parse("10.0.0.1"), 81));
        Ruleset rules = RulesOf(Nat(Hook.Prerouting, Rule(new RuleStep.DnatLookup([new KeyPart(PacketField.Random, 4)], targets)), Rule(Mark(1))));

        Send(rules).Should().BeEquivalentTo(
            "198.51.100.1 Accept 25% to 10.0.0.1:81",
            "198.51.100.1 Accept 25% to 10.0.0.2:81",
            "198.51.100.1 Accept 25% to 10.0.0.1:81",
            "198.51.100.1 Accept 25% mark 1");
    }

    [Fact]
    public void ALookupSplitsARangeOfSources()
    {
        RuleStep lookup = new RuleStep.VerdictLookup(Key(PacketField.Source), Map(("10.0.0.1", Drop)));

        Send(RulesOf(Filter(Hook.Forward, Rule(lookup))), Packet("10.0.0.0/30", "10.96.0.10")).Should().BeEquivalentTo("10.0.0.0 Accept", "10.0.0.1 Drop", "10.0.0.2/31 Accept");
        Send(RulesOf(Filter(Hook.Forward, Rule(lookup))), Packet("10.0.0.1", "10.96.0.10")).Should().Equal("10.0.0.1 Drop");
    }

    /// <summary>Long chains are searched by destination. Nothing may change by that.</summary>
    [Theory]
    [InlineData("10.96.0.0")]
    [InlineData("10.96.0.5")]
    [InlineData("10.96.0.9")]
    [InlineData("10.96.0.10")]
    [InlineData("10.96.1.1")]
    public void LongChainsDoWhatShortOnesDo(string destination)
    {
        RuleStep flip = new RuleStep.SetMark(uint.MaxValue, 1);
        List<WalkRule> rules = [];
        for (int host = 0; host < 10; host++)
        {
            string address = $"10.96.0.{host}";
            rules.Add(Rule(To(address), flip) with { Text = $"{host}" });
            rules.Add(Rule(flip, To(address), flip) with { Text = $"{host} after a statement" });
            rules.Add(Rule(NotTo(address), flip) with { Text = $"{host} negated" });
            rules.Add(Rule(To(address, "10.96.1.1"), flip) with { Text = $"{host} and another" });
            rules.Add(Rule(To("10.96.0.8/30"), Port(80), flip) with { Text = $"prefix {host}" });
        }

        // The same rules, ten to a chain: too few to be indexed.
        WalkChain[] pieces = [.. rules.Chunk(10).Select((piece, index) => Chain($"piece{index}", piece))];
        WalkRule[] jumps = [.. pieces.Select(piece => Rule(Jump(piece.Name)) with { Text = "" })];

        string[] whole = Texts(Filter(Hook.Forward, [.. rules]));
        string[] chopped = Texts([Filter(Hook.Forward, jumps), .. pieces]);

        whole.Should().Equal(chopped).And.HaveCountGreaterThan(15);

        string[] Texts(params WalkChain[] chains) =>
        [
            .. new PacketWalker(RulesOf(chains), HandWrittenRules.Node).Walk(Packet("198.51.100.1", destination)).Should().ContainSingle().Which
                .Trace.Select(entry => entry.Rule).Where(text => text.Length != 0),
        ];
    }

    private static bool IsDropped(RuleStep match, WalkPacket packet)
    {
        // In Prerouting, before anything is decided, so that destinations of every kind get there.
        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(RulesOf(Filter(Hook.Prerouting, Rule(match, Drop))), HandWrittenRules.Node).Walk(packet);
        outcomes.Should().ContainSingle().Which.IsUncertain.Should().BeFalse();
        return outcomes[0].Verdict == WalkVerdict.Drop;
    }

    private static Dictionary<string, (Func<bool, RuleStep> Match, WalkPacket Taken, WalkPacket Left)> Cases() => new(StringComparer.Ordinal)
    {
        ["source"] = (negated => negated ? NotFrom("198.51.100.0/24") : From("198.51.100.0/24"), s_packet, Packet("198.51.101.0", "10.96.0.10")),
        ["destination"] = (negated => negated ? NotTo("10.97.0.0/16", "10.96.0.10") : To("10.97.0.0/16", "10.96.0.10"), s_packet, Packet("198.51.100.1", "10.96.0.11")),
        ["protocol"] = (negated => Tcp(negated), s_packet, s_packet with { Protocol = TransportProtocol.Udp }),
        ["port"] = (negated => new RuleStep.PortMatch(PacketField.DestinationPort, 80, 90, negated), s_packet with { DestinationPort = 90 }, s_packet with { DestinationPort = 91 }),
        ["source port"] = (negated => new RuleStep.PortMatch(PacketField.SourcePort, 80, 90, negated), s_packet with { SourcePort = 80 }, s_packet with { SourcePort = 79 }),
        ["interface"] = (negated => new RuleStep.InterfaceMatch(IsInput: true, "eth0", IsPrefix: false, negated), s_packet, s_packet with { InputInterface = "eth01" }),
        ["interfaces"] = (negated => new RuleStep.InterfaceMatch(IsInput: true, "eth", IsPrefix: true, negated), s_packet, s_packet with { InputInterface = "veth0" }),
        ["mark"] = (negated => new RuleStep.MarkMatch(0xC, 0x4, negated), s_packet, s_packet with { Mark = 0xC }),
        ["local"] = (negated => new RuleStep.LocalMatch(PacketField.Destination, negated), Packet("198.51.100.1", "192.0.2.10"), s_packet),
        ["local source"] = (negated => new RuleStep.LocalMatch(PacketField.Source, negated), Packet("127.1.2.3", "10.96.0.10"), s_packet),
        ["set"] = (negated => new RuleStep.SetMatch(Key(PacketField.DestinationPort), Set("80", "443"), negated), s_packet with { DestinationPort = 443 }, s_packet with { DestinationPort = 81 }),
        ["sources in a set"] = (negated => new RuleStep.SetMatch(Key(PacketField.Source), Set("198.51.100.1"), negated), s_packet, Packet("198.51.100.2", "10.96.0.10")),
    };
}
