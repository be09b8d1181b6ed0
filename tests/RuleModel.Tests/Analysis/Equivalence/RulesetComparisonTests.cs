using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Equivalence;

/// <summary>Hand-written rule sets that do the same in other words, and others that differ in one thing.</summary>
public sealed class RulesetComparisonTests
{
    private static readonly RuleStep s_udp = new RuleStep.ProtocolMatch(TransportProtocol.Udp, IsNegated: false);

    [Fact]
    public void RulesInOtherWordsAreEqual()
    {
        TargetMap targets = new("endpoints");
        targets.Add("10.96.0.10 . 80 . 0", new(IpAddress.Parse("10.0.0.1"), 8080));
        targets.Add("10.96.0.10 . 80 . 1", new(IpAddress.Parse("10.0.0.2"), 8080));
        targets.Add("10.96.0.10 . 80 . 2", new(IpAddress.Parse("10.0.0.3"), 8080));
        RuleStep pick = new RuleStep.DnatLookup([new(PacketField.Destination), new(PacketField.DestinationPort), new(PacketField.Random, 3)], targets);
        Ruleset nft = RulesOf(Nat(
            Hook.Prerouting,
            Rule(new RuleStep.VerdictLookup(Key(PacketField.Destination, PacketField.Protocol, PacketField.DestinationPort), Map(("10.96.0.10 . tcp . 80", Goto("cluster")))))),
            Chain("cluster", Rule(pick)));
        Ruleset iptables = RulesOf(
            Nat(Hook.Prerouting, Rule(Jump("services"))),
            Chain("services", Rule(To("10.96.0.10"), Tcp(), Port(80), Jump("svc"))),
            Chain("svc", Rule(Chance(0.33333333349), Jump("sep1")), Rule(Chance(0.5), Jump("sep2")), Rule(Jump("sep3"))),
            Chain("sep1", Rule(Tcp(), Dnat("10.0.0.1", 8080))),
            Chain("sep2", Rule(Tcp(), Dnat("10.0.0.2", 8080))),
            Chain("sep3", Rule(Tcp(), Dnat("10.0.0.3", 8080))));

        Differences(nft, iptables).Should().BeEmpty();
    }

    /// <summary>Each damage to a rule set is seen, and the packet that shows it has what the damage is about.</summary>
    [Theory]
    [InlineData("chance")]
    [InlineData("port")]
    [InlineData("protocol")]
    [InlineData("source")]
    [InlineData("destination")]
    [InlineData("mark")]
    [InlineData("target")]
    [InlineData("reject")]
    [InlineData("state")]
    [InlineData("interface")]
    [InlineData("output interface")]
    [InlineData("source port")]
    [InlineData("local")]
    public void OneThingThatDiffersIsFound(string what)
    {
        string found = Differences(Sample(""), Sample(what)).Should().NotBeEmpty().And.Subject.First();

        found.Should().NotContain("uncertain");
        Differences(Sample(what), Sample(what)).Should().BeEmpty();
    }

    private static Ruleset Sample(string what)
    {
        RuleStep source = what == "source" ? From("10.2.0.0/15") : From("10.2.0.0/16");
        RuleStep sourcePort = new RuleStep.PortMatch(PacketField.SourcePort, 1, what == "source port" ? (ushort)1024 : (ushort)1023, IsNegated: false);
        RuleStep state = new RuleStep.StateMatch(ConnectionStates.Invalid | (what == "state" ? ConnectionStates.Untracked : 0), IsNegated: false);
        RuleStep input = new RuleStep.InterfaceMatch(IsInput: true, what == "interface" ? "cni1" : "cni0", IsPrefix: false, IsNegated: false);
        RuleStep leaving = new RuleStep.InterfaceMatch(IsInput: false, what == "output interface" ? "tun" : "tun0", IsPrefix: what == "output interface", IsNegated: false);
        WalkChain post = new("post") { Hook = Hook.Postrouting, Priority = 100, IsNat = true };
        post.Rules.Add(Rule(Marked(what == "mark" ? 2u : 4u), new RuleStep.Masquerade()));
        return RulesOf(
            Nat(
                Hook.Prerouting,
                Rule(To(what == "destination" ? "10.96.0.11" : "10.96.0.10"), what == "protocol" ? s_udp : Tcp(), Port(what == "port" ? (ushort)81 : (ushort)80), Jump("svc")),
                Rule(new RuleStep.LocalMatch(PacketField.Destination, IsNegated: what == "local"), Port(30080), Jump("svc"))),
            Chain(
                "svc",
                Rule(source, Mark(4)),
                Rule(Chance(what == "chance" ? 0.4 : 0.5), Dnat("10.0.0.1", 80)),
                Rule(Dnat("10.0.0.2", what == "target" ? (ushort)82 : (ushort)80))),
            Filter(
                Hook.Forward,
                Rule(state, Drop),
                Rule(To("10.97.0.0/16"), Tcp(), sourcePort, Drop),
                Rule(To("10.98.0.0/16"), input, Drop),
                Rule(To("10.99.0.0/16"), leaving, Drop),
                Rule(To("10.96.0.10"), new RuleStep.Reject(what == "reject" ? "tcp-reset" : "icmp-port-unreachable"))),
            post);
    }

    [Fact]
    public void AMarkThatNothingLooksAtIsNoDifference()
    {
        Differences(RulesOf(Filter(Hook.Forward, Rule(To("10.0.0.1"), Mark(1)))), RulesOf()).Should().BeEmpty();
    }

    [Fact]
    public void AMarkThatPacketsComeWithCounts()
    {
        Differences(RulesOf(Filter(Hook.Forward, Rule(Marked(8), Drop))), RulesOf()).Should().Contain(line => line.Contains("mark 8"));
        Differences(
            RulesOf(Filter(Hook.Forward, Rule(new RuleStep.MarkMatch(12, 8, IsNegated: true), Drop))),
            RulesOf(Filter(Hook.Forward, Rule(new RuleStep.MarkMatch(8, 0, IsNegated: false), Drop), Rule(Marked(4), Drop)))).Should().BeEmpty();
    }

    [Fact]
    public void ListsOfClientsMayHaveOtherNames()
    {
        Differences(Sticky("a", "b", 90), Sticky("c", "d", 90)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("a", "b", 91, "known [10.0.0.2:80]")]
    [InlineData("b", "a", 90, "")]
    [InlineData("a", "a", 90, "")]
    public void ListsThatLeadElsewhereAreDifferent(string first, string second, int seconds, string known)
    {
        string[] found = Differences(Sticky("a", "b", 90), Sticky(first, second, seconds, "a", "b"));

        found.Should().NotBeEmpty().And.OnlyContain(line => !line.Contains("uncertain"));
        found.Should().Contain(line => line.Contains(known));
    }

    /// <summary>Two Services share an endpoint; each must ask its own list.</summary>
    [Fact]
    public void ListsOfTwoServicesWithOneEndpointMayNotBeMixed()
    {
        Differences(Shared("x", "y"), Shared("p", "q")).Should().BeEmpty();
        Differences(Shared("x", "y"), Shared("y", "y", "x", "y")).Should().NotBeEmpty();
    }

    [Fact]
    public void WhatIsNotUnderstoodOnOneSideCannotBeTold()
    {
        Differences(RulesOf(Filter(Hook.Forward, Rule(To("10.0.0.1"), Unknown, Drop))), RulesOf())
            .Should().NotBeEmpty().And.OnlyContain(line => line.StartsWith("uncertain"));
        Differences(RulesOf(Filter(Hook.Forward, Rule(To("10.0.0.1"), new RuleStep.UnknownStatement("x")))), RulesOf())
            .Should().NotBeEmpty().And.OnlyContain(line => line.StartsWith("uncertain"));
    }

    [Fact]
    public void WhatIsNotUnderstoodOnBothSidesHoldsForBoth()
    {
        WalkRule blocked = Rule(Unknown, Drop);
        Ruleset plain = RulesOf(Filter(Hook.Forward, blocked, Rule(To("10.0.0.1"), Drop)));

        Differences(plain, RulesOf(Filter(Hook.Forward, Rule(To("10.0.0.1"), Drop), blocked))).Should().BeEmpty();
        Differences(plain, RulesOf(Filter(Hook.Forward, blocked))).Should().NotBeEmpty().And.OnlyContain(line => !line.StartsWith("uncertain"));
        Differences(RulesOf(Filter(Hook.Forward, Rule(new RuleStep.UnknownStatement("x")))), RulesOf(Filter(Hook.Forward, Rule(new RuleStep.UnknownStatement("x")))))
            .Should().BeEmpty();
    }

    /// <summary>Matches that are not understood and change nothing do not multiply the ways.</summary>
    [Fact]
    public void ManyMatchesThatAreNotUnderstoodAreNoBurden()
    {
        WalkRule[] logs = [.. Enumerable.Range(0, 60).Select(number => Rule(new RuleStep.UnknownMatch($"-m u32 {number}"), new RuleStep.NoEffect("LOG")))];

        Differences(RulesOf(Filter(Hook.Forward, logs)), RulesOf(Filter(Hook.Forward, logs))).Should().BeEmpty();
    }

    [Fact]
    public void ManyPortsAreNoBurden()
    {
        WalkRule[] ports = [.. Enumerable.Range(0, 2000).Select(number => Rule(Tcp(), Port((ushort)(30000 + number)), Drop))];
        VerdictMap map = Map([.. Enumerable.Range(0, 2000).Select(number => ($"tcp . {30000 + number}", Drop))]);
        RuleStep lookup = new RuleStep.VerdictLookup(Key(PacketField.Protocol, PacketField.DestinationPort), map);

        Differences(RulesOf(Filter(Hook.Forward, ports)), RulesOf(Filter(Hook.Forward, Rule(lookup)))).Should().BeEmpty();
        Differences(RulesOf(Filter(Hook.Forward, ports[1..])), RulesOf(Filter(Hook.Forward, Rule(lookup)))).Should().OnlyContain(line => line.Contains(":30000/Tcp"));
    }

    /// <summary>A Service with affinity: two endpoints whose clients the lists remember, asked for in this order.</summary>
    private static Ruleset Sticky(string first, string second, int secondsOfSecond, string? remembersFirst = null, string? remembersSecond = null) => RulesOf(
        Nat(
            Hook.Prerouting,
            Rule(To("10.96.0.10"), new RuleStep.KnownClientMatch(first, 90), Jump("one")),
            Rule(To("10.96.0.10"), new RuleStep.KnownClientMatch(second, secondsOfSecond), Jump("two")),
            Rule(To("10.96.0.10"), Chance(0.5), Jump("one")),
            Rule(To("10.96.0.10"), Jump("two"))),
        Chain("one", Rule(Tcp(), new RuleStep.RememberClient(remembersFirst ?? first), Dnat("10.0.0.1", 80))),
        Chain("two", Rule(Tcp(), new RuleStep.RememberClient(remembersSecond ?? second), Dnat("10.0.0.2", 80))));

    private static Ruleset Shared(string first, string second, string? remembersFirst = null, string? remembersSecond = null) => RulesOf(
        Nat(
            Hook.Prerouting,
            Rule(To("10.96.0.10"), new RuleStep.KnownClientMatch(first, 90), Jump("one")),
            Rule(To("10.96.0.10"), Chance(0.5), Jump("one")),
            Rule(To("10.96.0.10"), Dnat("10.0.0.9", 80)),
            Rule(To("10.96.0.11"), new RuleStep.KnownClientMatch(second, 90), Jump("two")),
            Rule(To("10.96.0.11"), Chance(0.5), Jump("two")),
            Rule(To("10.96.0.11"), Dnat("10.0.0.9", 80))),
        Chain("one", Rule(new RuleStep.RememberClient(remembersFirst ?? first), Dnat("10.0.0.1", 80))),
        Chain("two", Rule(new RuleStep.RememberClient(remembersSecond ?? second), Dnat("10.0.0.1", 80))));

    /// <summary>The differences as lines, each proved by the plain interpreter where all is understood.</summary>
    private static string[] Differences(Ruleset a, Ruleset b)
    {
        IReadOnlyCollection<IpAddress> node = Nodes.Addresses.AsSpan().ToArray();
        List<string> lines = [];
        foreach (RulesetDifference difference in new RulesetComparison(a, b, node).Compare().Differences)
        {
            if (!difference.IsUncertain && difference.Assumptions.Count == 0 && difference.PacketA.OutputInterface is null)
            {
                ReferenceWalk.AreSame(new ReferenceWalk(a, node).Send(difference.PacketA), new ReferenceWalk(b, node).Send(difference.PacketB)).Should().BeFalse($"{difference.PacketA}");
            }

            lines.Add($"{(difference.IsUncertain ? "uncertain " : "")}{IpAddress.FromBits(difference.PacketA.Source.First)} {difference.PacketA.InputInterface} -> "
                + $"{difference.PacketA.Destination}:{difference.PacketA.DestinationPort}/{difference.PacketA.Protocol} mark {difference.PacketA.Mark} known [{string.Join(' ', difference.KnownEndpoints)}]");
        }

        return [.. lines];
    }
}
