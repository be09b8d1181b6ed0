using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Tests.Analysis.Rules;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Walk;

/// <summary>The way through hooks and chains.</summary>
public sealed class PacketWalkerTests
{
    [Fact]
    public void WithoutRulesPacketsPass()
    {
        Send(RulesOf()).Should().Equal("198.51.100.1 Accept");
    }

    [Fact]
    public void StatisticBranchesShareThePackets()
    {
        Ruleset rules = RulesOf(
            Nat(Hook.Prerouting, Rule(Jump("service"))),
            Chain("service", Rule(Chance(0.25), Jump("a")), Rule(Chance(1.0 / 3), Jump("b")), Rule(Chance(0.5), Jump("c")), Rule(Jump("d"))),
            Chain("a", Rule(Dnat("10.0.0.1", 81))),
            Chain("b", Rule(Dnat("10.0.0.2", 81))),
            Chain("c", Rule(Dnat("10.0.0.3", 81))),
            Chain("d", Rule(Dnat("10.0.0.4", 81))));

        Send(rules).Should().BeEquivalentTo(
            "198.51.100.1 Accept 25% to 10.0.0.1:81",
            "198.51.100.1 Accept 25% to 10.0.0.2:81",
            "198.51.100.1 Accept 25% to 10.0.0.3:81",
            "198.51.100.1 Accept 25% to 10.0.0.4:81");
    }

    /// <summary>Branches that cannot happen are not reported.</summary>
    [Theory]
    [InlineData(0.0, "198.51.100.1 Accept")]
    [InlineData(1.0, "198.51.100.1 Drop")]
    public void ImpossibleBranchesAreLeftOut(double probability, string outcome)
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(Chance(probability), Drop)))).Should().Equal(outcome);
    }

    [Fact]
    public void SourcesAreSplitIntoAPartition()
    {
        Ruleset rules = RulesOf(Filter(
            Hook.Forward,
            Rule(From("10.0.0.0/8"), NotFrom("10.1.0.0/16"), Drop),
            Rule(From("10.1.2.0/24", "172.16.0.0/12"), new RuleStep.Reject("tcp-reset"))));

        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, Node).Walk(Packet("0.0.0.0/0", "10.96.0.10"));

        outcomes.Where(outcome => outcome.Verdict == WalkVerdict.Drop).Select(outcome => outcome.Source.ToString())
            .Should().BeEquivalentTo("10.0.0.0/16", "10.2.0.0-10.255.255.255");
        outcomes.Where(outcome => outcome.Verdict == WalkVerdict.Reject).Select(outcome => outcome.Source.ToString())
            .Should().BeEquivalentTo("10.1.2.0/24", "172.16.0.0/12");
        AddressRange[] ordered = [.. outcomes.Select(outcome => outcome.Source).Order()];
        AddressRanges.Normalize(ordered).Should().Equal(AddressRange.All(IpFamily.IPv4));
        ordered.Zip(ordered.Skip(1)).Should().OnlyContain(pair => pair.First.Last < pair.Second.First);
    }

    [Fact]
    public void AJumpComesBackAndAGotoDoesNot()
    {
        WalkChain target = Chain("target", Rule(Mark(1)), Rule(To("10.96.0.10"), Return), Rule(Mark(2)));

        Send(RulesOf(Filter(Hook.Forward, Rule(Jump("target")), Rule(Mark(4))), target)).Should().Equal("198.51.100.1 Accept mark 5");
        Send(RulesOf(Filter(Hook.Forward, Rule(Goto("target")), Rule(Mark(4))), target)).Should().Equal("198.51.100.1 Accept mark 1");
    }

    /// <summary>After a goto, the end of the chain returns to where the last jump was.</summary>
    [Fact]
    public void AGotoInsideAJumpReturnsToTheJump()
    {
        Ruleset rules = RulesOf(
            Filter(Hook.Forward, Rule(Jump("a")), Rule(Mark(8))),
            Chain("a", Rule(Goto("b")), Rule(Mark(1))),
            Chain("b", Rule(Mark(2))));

        Send(rules).Should().Equal("198.51.100.1 Accept mark a");
    }

    [Fact]
    public void TheEndOfAGotoFromABaseChainIsItsPolicy()
    {
        Ruleset rules = RulesOf(Filter(Hook.Forward, WalkVerdict.Drop, 0, Rule(Goto("a")), Rule(Accept)), Chain("a", Rule(Mark(1))));

        Send(rules).Should().Equal("198.51.100.1 Drop mark 1");
    }

    [Theory]
    [InlineData(WalkVerdict.Accept)]
    [InlineData(WalkVerdict.Drop)]
    public void ThePolicyDecidesAtTheEndAndOnReturn(WalkVerdict policy)
    {
        Send(RulesOf(Filter(Hook.Forward, policy, 0))).Should().Equal($"198.51.100.1 {policy}");
        Send(RulesOf(Filter(Hook.Forward, policy, 0, Rule(Return), Rule(new RuleStep.Reject(""))))).Should().Equal($"198.51.100.1 {policy}");
    }

    [Fact]
    public void AcceptEndsAChainAndDropEndsTheWalk()
    {
        Send(RulesOf(Filter(Hook.Forward, WalkVerdict.Accept, 0, Rule(Accept), Rule(Mark(1))), Filter(Hook.Forward, WalkVerdict.Accept, 1, Rule(Mark(2)))))
            .Should().Equal("198.51.100.1 Accept mark 2");
        Send(RulesOf(Filter(Hook.Forward, WalkVerdict.Accept, 0, Rule(Drop), Rule(Mark(1))), Filter(Hook.Forward, WalkVerdict.Accept, 1, Rule(Mark(2)))))
            .Should().Equal("198.51.100.1 Drop");
    }

    [Fact]
    public void BaseChainsRunByPriorityAndNotAsListed()
    {
        Ruleset rules = RulesOf(
            Filter(Hook.Forward, WalkVerdict.Accept, 10, Rule(Marked(1), Mark(2))),
            Filter(Hook.Forward, WalkVerdict.Accept, -10, Rule(Mark(1))));

        Send(rules).Should().Equal("198.51.100.1 Accept mark 3");
    }

    [Fact]
    public void TheFirstDnatWins()
    {
        WalkChain second = new("second") { Hook = Hook.Prerouting, Priority = -90, IsNat = true };
        second.Rules.Add(Rule(Dnat("10.0.0.2", 82)));
        Ruleset rules = RulesOf(
            Nat(Hook.Prerouting, Rule(Dnat("10.0.0.1", 81)), Rule(Dnat("10.0.0.3", 83))),
            second);

        Send(rules).Should().Equal("198.51.100.1 Accept to 10.0.0.1:81");
    }

    [Fact]
    public void ANatChainThatDoesNothingLeavesItToTheNext()
    {
        WalkChain second = new("second") { Hook = Hook.Prerouting, Priority = -90, IsNat = true };
        second.Rules.Add(Rule(Dnat("10.0.0.2", 82)));

        Send(RulesOf(Nat(Hook.Prerouting, Rule(Accept)), second)).Should().Equal("198.51.100.1 Accept to 10.0.0.2:82");
    }

    /// <summary>The filter rules see the new destination, and that it is one.</summary>
    [Fact]
    public void LaterHooksSeeTheRewrittenPacket()
    {
        Ruleset rules = RulesOf(
            Nat(Hook.Prerouting, Rule(Port(80), Dnat("10.0.0.1", 8080)), Rule(Port(81), Accept)),
            Filter(
                Hook.Forward,
                WalkVerdict.Drop,
                0,
                Rule(To("10.0.0.1"), Port(8080), new RuleStep.StateMatch(ConnectionStates.Dnat, IsNegated: false), Accept)));

        Send(rules, Packet("198.51.100.1", "10.96.0.10", 80)).Should().Equal("198.51.100.1 Accept to 10.0.0.1:8080");
        Send(rules, Packet("198.51.100.1", "10.0.0.1", 8080)).Should().Equal("198.51.100.1 Drop");
    }

    [Theory]
    [InlineData("192.0.2.10", "Input")]
    [InlineData("127.0.0.9", "Input")]
    [InlineData("10.96.0.10", "Forward")]
    public void PacketsForTheNodeGoToInputAndOthersToForward(string destination, string refusedAt)
    {
        Ruleset rules = RulesOf(
            Filter(Hook.Input, Rule(new RuleStep.Reject("Input"))),
            Filter(Hook.Forward, Rule(new RuleStep.Reject("Forward"))),
            Filter(Hook.Output, Rule(new RuleStep.Reject("Output"))));

        Send(rules, destination).Should().Equal($"198.51.100.1 Reject with {refusedAt}");
    }

    [Fact]
    public void PacketsThatAreForwardedAreMasqueradedAndThoseForTheNodeAreNot()
    {
        WalkChain post = new("post") { Hook = Hook.Postrouting, Priority = 100, IsNat = true };
        post.Rules.Add(Rule(Marked(0x4000), new RuleStep.SetMark(uint.MaxValue, 0x4000), new RuleStep.Masquerade()));
        Ruleset rules = RulesOf(Filter(Hook.Prerouting, Rule(Mark(0x4000))), post);

        Send(rules).Should().Equal("198.51.100.1 Accept masqueraded");
        Send(rules, "192.0.2.10").Should().Equal("198.51.100.1 Accept mark 4000");
    }

    [Fact]
    public void PacketsOfTheNodeGoThroughOutputAndAreRewrittenOnce()
    {
        Ruleset rules = RulesOf(
            Nat(Hook.Output, Rule(To("10.96.0.10"), Dnat("192.0.2.10", 8080))),
            Nat(Hook.Prerouting, Rule(Dnat("10.0.0.9", 9))),
            Filter(Hook.Prerouting, Rule(new RuleStep.InterfaceMatch(IsInput: true, "lo", IsPrefix: false, IsNegated: false), Mark(1))),
            Filter(Hook.Input, Rule(Mark(2))),
            Filter(Hook.Postrouting, Rule(Mark(4))),
            Filter(Hook.Forward, Rule(Drop)));

        Send(rules, Packet("192.0.2.10", "10.96.0.10") with { InputInterface = null }).Should().Equal("192.0.2.10 Accept to 192.0.2.10:8080 mark 7");
        Send(rules, Packet("192.0.2.10", "10.96.0.11") with { InputInterface = null }).Should().Equal("192.0.2.10 Accept mark 4");
        Send(rules, Packet("192.0.2.10", "127.0.0.1") with { InputInterface = null }).Should().Equal("192.0.2.10 Accept mark 7");
    }

    /// <summary>The kernel takes no loops, but a dump by hand can have one.</summary>
    [Fact]
    public void AnEndlessLoopEndsUncertain()
    {
        string[] outcomes = Send(RulesOf(Filter(Hook.Forward, Rule(Jump("a"))), Chain("a", Rule(Jump("b"))), Chain("b", Rule(Goto("a")))));

        outcomes.Should().Equal("198.51.100.1 Accept uncertain");
    }

    [Fact]
    public void ThirtyChainsDeepIsNoLoop()
    {
        WalkChain[] chains = [.. Enumerable.Range(0, 30).Select(depth => Chain($"c{depth}", Rule(Jump($"c{depth + 1}"))))];

        Send(RulesOf([Filter(Hook.Forward, Rule(Jump("c0"))), .. chains, Chain("c30", Rule(Drop))])).Should().Equal("198.51.100.1 Drop");
    }

    [Fact]
    public void AMatchThatIsNotUnderstoodGoesBothWays()
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(Unknown, Drop)))).Should().BeEquivalentTo("198.51.100.1 Drop uncertain", "198.51.100.1 Accept uncertain");
    }

    [Fact]
    public void AStatementThatIsNotUnderstoodMakesOnlyItsPacketsUncertain()
    {
        Ruleset rules = RulesOf(Filter(Hook.Forward, Rule(To("10.96.0.10"), new RuleStep.UnknownStatement("tproxy"))));

        Send(rules).Should().Equal("198.51.100.1 Accept uncertain");
        Send(rules, "10.96.0.11").Should().Equal("198.51.100.1 Accept");
    }

    [Fact]
    public void AJumpToNoChainIsUncertainAndGoesOn()
    {
        Send(RulesOf(Filter(Hook.Forward, Rule(Jump("TEE")), Rule(Mark(1))))).Should().Equal("198.51.100.1 Accept mark 1 uncertain");
    }

    /// <summary>A firewall may hold dozens of such rules; ways that end alike are one way.</summary>
    [Fact]
    public void RulesThatAreNotUnderstoodDoNotMultiplyTheWays()
    {
        WalkRule[] misses = [.. Enumerable.Repeat(Rule(Unknown, Port(81), Drop), 60)];
        WalkRule[] jumps = [.. Enumerable.Repeat(Rule(new RuleStep.InterfaceMatch(IsInput: false, "docker0", IsPrefix: false, IsNegated: false), Jump("user")), 60)];

        // Another port decides, whatever the match is that is not understood.
        Send(RulesOf(Filter(Hook.Forward, misses))).Should().Equal("198.51.100.1 Accept");
        Send(RulesOf(Filter(Hook.Forward, jumps), Chain("user", Rule(Return)))).Should().Equal("198.51.100.1 Accept");
    }

    [Fact]
    public void TheTraceTellsTheRulesThatDidSomething()
    {
        WalkRule commented = Rule(To("10.96.0.10"), Jump("service")) with { Text = "-d 10.96.0.10 -j service", Comment = "shop/web" };
        Ruleset rules = RulesOf(
            Nat(Hook.Prerouting, Rule(To("10.96.0.11"), Drop), commented),
            Chain("service", Rule(new RuleStep.NoEffect("counter")), Rule(Dnat("10.0.0.1", 81))));

        WalkOutcome outcome = new PacketWalker(rules, Node).Walk(Packet("198.51.100.1", "10.96.0.10")).Should().ContainSingle().Which;

        outcome.Trace.Select(entry => $"{entry.Hook} {entry.Table} {entry.Chain} {entry.Position} [{entry.Rule}] [{entry.Comment}] {entry.Effect}, leads to [{entry.JumpsTo}]").Should().Equal(
            "Prerouting t nat-Prerouting 2 [-d 10.96.0.10 -j service] [shop/web] goes to service, leads to [service]",
            "Prerouting t service 2 [rule] [] sends to 10.0.0.1:81, leads to []");
        outcome.Trace[0].Reasons.Should().Equal("destination is 10.96.0.10");
        outcome.Trace.Select(entry => entry.IsRewrite).Should().Equal(false, true);
    }

    /// <summary>A rule that may match is on the way of both packets: the one that it takes and the one that it does not.</summary>
    [Fact]
    public void TheTraceTellsTheRulesThatMayMatch()
    {
        Ruleset rules = RulesOf(Filter(Hook.Forward, Rule(Unknown, Drop)));

        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, Node).Walk(Packet("198.51.100.1", "10.96.0.10"));

        outcomes.Select(outcome => outcome.Verdict).Should().BeEquivalentTo([WalkVerdict.Drop, WalkVerdict.Accept]);
        outcomes.Should().OnlyContain(outcome => outcome.IsUncertain && outcome.Trace[0].IsDoubtful && outcome.Trace[0].Effect == "may match");
    }
}
