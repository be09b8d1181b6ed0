using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Walk;

/// <summary>What translations choose; the kernel is asked for the same by the tests of the node.</summary>
public sealed class AddressTranslationTests
{
    private static readonly WalkPacket s_packet = Packet("198.51.100.1", "10.96.0.10", 85);

    [Theory]
    [InlineData(80, 90, null, 85)]
    [InlineData(90, 99, null, 90)]
    [InlineData(5000, 5050, 80, 5005)]
    [InlineData(8080, 8080, null, 8080)]
    public void APortInTheRangeStaysAndAnotherBecomesTheFirstOrIsShifted(int first, int last, int? start, int port)
    {
        RuleStep dnat = new RuleStep.Translate(TranslationKind.Destination, new(AddressRange.Of(IpAddress.Parse("10.0.0.1")), new PortRange((ushort)first, (ushort)last)) { Base = (ushort?)start });

        Send(RulesOf(Nat(Hook.Prerouting, Rule(dnat))), s_packet).Should().Equal($"198.51.100.1 Accept to 10.0.0.1:{port}");
    }

    [Fact]
    public void OneOfSeveralAddressesIsAsLikelyAsAnother()
    {
        RuleStep dnat = new RuleStep.Translate(TranslationKind.Destination, new(AddressRange.Of(IpPrefix.Parse("10.0.0.0/31")), new PortRange(80, 80)));

        Send(RulesOf(Nat(Hook.Prerouting, Rule(dnat))), s_packet).Should().BeEquivalentTo("198.51.100.1 Accept 50% to 10.0.0.0:80", "198.51.100.1 Accept 50% to 10.0.0.1:80");
    }

    [Fact]
    public void ARandomPortOfManyIsOneOutcomeThatLaterRulesSplit()
    {
        RuleStep dnat = new RuleStep.Translate(TranslationKind.Destination, new(AddressRange.Of(IpAddress.Parse("10.0.0.1")), new PortRange(1000, 1999), IsRandom: true));
        RuleStep half = new RuleStep.PortsMatch(PacketField.DestinationPort, [new PortRange(1000, 1499)], IsNegated: false);

        IReadOnlyList<WalkOutcome> whole = new PacketWalker(RulesOf(Nat(Hook.Prerouting, Rule(dnat))), Node).Walk(s_packet);
        IReadOnlyList<WalkOutcome> split = new PacketWalker(RulesOf(Nat(Hook.Prerouting, Rule(dnat)), Filter(Hook.Forward, Rule(half, Drop))), Node).Walk(s_packet);

        whole.Should().ContainSingle().Which.TargetPorts.Should().Be(new PortRange(1000, 1999));
        split.Select(outcome => $"{outcome.Verdict} {outcome.Probability:0.##} {outcome.TargetPorts}").Should().BeEquivalentTo("Drop 0.5 1000-1499", "Accept 0.5 1500-1999");
    }

    [Fact]
    public void ARedirectedPacketIsForThisNodeWhicheverOfItsAddressesItGets()
    {
        RuleStep redirect = new RuleStep.Translate(TranslationKind.ToThisNode, new(null, new PortRange(15001, 15001)));
        Ruleset rules = RulesOf(Nat(Hook.Prerouting, Rule(redirect)), Filter(Hook.Forward, Rule(Drop)));

        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, Node).Walk(s_packet);

        outcomes.Should().OnlyContain(outcome => outcome.IsToThisNode && outcome.Verdict == WalkVerdict.Accept && outcome.Target!.Value.Port == 15001);
    }

    [Fact]
    public void AnAddressIsMappedIntoAPrefixBeforeRoutingOfTheDestinationAndAfterItOfTheSource()
    {
        WalkRule netmap = Rule(new RuleStep.TranslatePrefix(IpPrefix.Parse("10.1.0.0/16")));

        Send(RulesOf(Nat(Hook.Prerouting, netmap)), s_packet).Should().Equal("198.51.100.1 Accept to 10.1.0.10:85");
        new PacketWalker(RulesOf(Nat(Hook.Postrouting, netmap)), Node).Walk(s_packet).Should().ContainSingle()
            .Which.NewSource.Should().Be(new SourceTranslation(AddressRange.Of(IpAddress.Parse("10.1.100.1")), null, IsRandom: false));
    }

    /// <summary>An untracked packet is not translated; table raw comes before the connection is looked up.</summary>
    [Fact]
    public void APacketThatIsNotTrackedIsNotTranslated()
    {
        Ruleset rules = RulesOf(
            Filter(Hook.Prerouting, WalkVerdict.Accept, -300, Rule(new RuleStep.NoTracking())),
            Nat(Hook.Prerouting, Rule(Dnat("10.0.0.1", 80))),
            Filter(Hook.Forward, Rule(new RuleStep.StateMatch(ConnectionStates.Untracked, IsNegated: false), new RuleStep.Reject("untracked"))));
        Ruleset late = RulesOf(Filter(Hook.Prerouting, WalkVerdict.Accept, -150, Rule(new RuleStep.NoTracking())), Nat(Hook.Prerouting, Rule(Dnat("10.0.0.1", 80))));

        Send(rules, s_packet).Should().Equal("198.51.100.1 Reject with untracked");
        Send(late, s_packet).Should().Equal("198.51.100.1 Accept to 10.0.0.1:80");
    }

    [Fact]
    public void MarksGoIntoTheConnectionAndBack()
    {
        Ruleset rules = RulesOf(
            Filter(Hook.Prerouting, WalkVerdict.Accept, -150, Rule(Mark(0x5)), Rule(new RuleStep.SaveMark(0xf, 0xf)), Rule(new RuleStep.SetMark(0, 0))),
            Filter(Hook.Forward, Rule(new RuleStep.ConnectionMarkMatch(0xf, 0x5, IsNegated: false), new RuleStep.RestoreMark(0x4, 0x4))));

        Send(rules, s_packet).Should().Equal("198.51.100.1 Accept mark 4");
    }
}
