using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Equivalence;

/// <summary>What hand-written rules do, and that it is the same however it is written.</summary>
public sealed class NeutralRulesTests
{
    private const string AllButLoopbackAndNode = "0.0.0.0-126.255.255.255 128.0.0.0-192.0.2.9 192.0.2.11-255.255.255.255";
    private static readonly FrontendAddress s_web = new(IpAddress.Parse("10.96.0.10"), TransportProtocol.Tcp, 80);

    [Fact]
    public void WhatIsLeftAloneIsLeftOut()
    {
        Describe(RulesOf(Filter(Hook.Forward, Rule(To("10.96.0.10"), Tcp(), Port(80), Mark(1), Accept)))).Should().BeEmpty();
    }

    [Fact]
    public void TrafficOfTheNodeAndOfOthersAreToldApart()
    {
        Describe(RulesOf(Nat(Hook.Prerouting, Rule(To("10.96.0.10"), Tcp(), Port(80), Dnat("10.0.0.1", 8080)))))
            .Should().Equal($"10.96.0.10:80/tcp from other0 {AllButLoopbackAndNode}: 10.0.0.1:8080 100%");
        Describe(RulesOf(Nat(Hook.Output, Rule(To("10.96.0.10"), Tcp(), Port(80), Dnat("10.0.0.1", 8080)))))
            .Should().Equal("10.96.0.10:80/tcp from node 127.0.0.0/8 192.0.2.10: 10.0.0.1:8080 100%");
    }

    [Fact]
    public void SourcesThatAreTreatedAlikeAreOneRule()
    {
        WalkRule[] rules =
        [
            Rule(From("10.1.0.0/16"), Drop),
            Rule(From("10.2.0.0/16"), Accept),
            Rule(From("10.0.0.0/14"), Drop),
            Rule(From("172.16.0.0/12"), new RuleStep.Reject("")),
        ];

        Forward(rules).Should().Equal(
            "10.96.0.10:80/tcp from eth0 10.0.0.0/15 10.3.0.0/16: dropped",
            "10.96.0.10:80/tcp from eth0 172.16.0.0/12: rejected");
    }

    [Fact]
    public void EndpointsHaveTheSumOfTheirWaysWithAndWithoutMasquerading()
    {
        WalkChain post = new("post") { Hook = Hook.Postrouting, Priority = 100, IsNat = true };
        post.Rules.Add(Rule(Marked(1), new RuleStep.Masquerade()));
        Ruleset rules = RulesOf(
            Nat(
                Hook.Prerouting,
                Rule(new RuleStep.KnownClientMatch("list", 90), Dnat("10.0.0.9", 9)),
                Rule(Chance(0.25), Dnat("10.0.0.2", 80)),
                Rule(Chance(1.0 / 3), Dnat("10.0.0.1", 80)),
                Rule(Chance(0.5), Dnat("10.0.0.2", 80)),
                Rule(Mark(1)),
                Rule(Dnat("10.0.0.2", 80))),
            post);

        Describe(rules, "eth0").Should().Equal(
            $"10.96.0.10:80/tcp from eth0 {AllButLoopbackAndNode}: 10.0.0.1:80 25%, 10.0.0.2:80 50%, 10.0.0.2:80 25% masqueraded, affinity 90 s");
    }

    [Theory]
    [InlineData(128)]
    [InlineData(3)]
    [InlineData(7)]
    public void SharesOfBothToolsAreTheSameMillionths(int count)
    {
        TargetMap map = new("endpoints");
        List<WalkRule> chances = [];
        for (int index = 0; index < count; index++)
        {
            map.Add($"{index}", new(IpAddress.Parse($"10.0.0.{index}"), 80));

            // iptables keeps 31 bits of each chance and prints 11 digits.
            double chance = Math.Round(Math.Round(1.0 / (count - index) * 0x80000000L) / 0x80000000L, 11);
            chances.Add(index == count - 1 ? Rule(Dnat($"10.0.0.{index}", 80)) : Rule(Chance(chance), Dnat($"10.0.0.{index}", 80)));
        }

        Ruleset nft = RulesOf(Nat(Hook.Prerouting, Rule(new RuleStep.DnatLookup([new KeyPart(PacketField.Random, count)], map))));
        Ruleset iptables = RulesOf(Nat(Hook.Prerouting, [.. chances]));

        NeutralRule left = Single(nft);
        NeutralRule right = Single(iptables);

        right.Should().Be(left);
        left.Behaviour.Endpoints.Length.Should().Be(count);
    }

    /// <summary>A difference in anything that matters makes another value.</summary>
    [Theory]
    [InlineData(0x10u, 80, 90, 0.5)]
    [InlineData(0x1u, 81, 90, 0.5)]
    [InlineData(0x1u, 80, 91, 0.5)]
    [InlineData(0x1u, 80, 90, 0.6)]
    public void ValuesDifferWhereRulesDo(uint mark, ushort port, int seconds, double chance)
    {
        Single(Sample(mark, port, seconds, chance)).Should().NotBe(Single(Sample(0x1, 80, 90, 0.5)));
        Single(Sample(mark, port, seconds, chance)).Should().Be(Single(Sample(mark, port, seconds, chance)));

        static Ruleset Sample(uint mark, ushort port, int seconds, double chance)
        {
            WalkChain post = new("post") { Hook = Hook.Postrouting, Priority = 100, IsNat = true };
            post.Rules.Add(Rule(Marked(1), new RuleStep.Masquerade()));
            return RulesOf(
                Nat(Hook.Prerouting, Rule(Mark(mark)), Rule(new RuleStep.KnownClientMatch("list", seconds), Accept), Rule(Chance(chance), Dnat("10.0.0.1", port)), Rule(Dnat("10.0.0.2", 80))),
                post);
        }
    }

    [Fact]
    public void ChanceBetweenFatesIsMixed()
    {
        Forward(Rule(Chance(0.5), Drop)).Should().Equal($"10.96.0.10:80/tcp from eth0 {AllButLoopbackAndNode}: mixed");
        Forward(Rule(Unknown, Drop)).Should().Equal($"10.96.0.10:80/tcp from eth0 {AllButLoopbackAndNode}: mixed, uncertain");
        Forward(Rule(new RuleStep.UnknownStatement("x"))).Should().Equal($"10.96.0.10:80/tcp from eth0 {AllButLoopbackAndNode}: passes, uncertain");
    }

    [Fact]
    public void MasqueradingAloneIsSomething()
    {
        WalkChain post = new("post") { Hook = Hook.Postrouting, Priority = 100, IsNat = true };
        post.Rules.Add(Rule(From("10.0.0.0/8"), new RuleStep.Masquerade()));

        Describe(RulesOf(post), "eth0").Should().Equal("10.96.0.10:80/tcp from eth0 10.0.0.0/8: passes masqueraded");
    }

    [Fact]
    public void OriginsAreTheNodeAndEachInterfaceThatRulesName()
    {
        Ruleset first = RulesOf(Chain("a", Rule(On("cni0"), Drop), Rule(On("veth", isPrefix: true), Drop), Rule(On("cni0"), Accept)));
        Ruleset second = RulesOf(Chain("b", Rule(On("br0", isInput: false), Drop), Rule(On("bond0"), Drop)));

        NeutralRules.Origins([first, second]).Select(origin => origin.ToString()).Should().Equal("node", "bond0", "cni0", "other0", "veth0");

        static RuleStep On(string name, bool isPrefix = false, bool isInput = true) => new RuleStep.InterfaceMatch(isInput, name, isPrefix, IsNegated: false);
    }

    [Fact]
    public void RulesOfIPv6SpeakOfItsSourcesOnly()
    {
        Ruleset rules = RulesOf(
            IpFamily.IPv6,
            Nat(Hook.Prerouting, Rule(To("fd00::a"), Tcp(), Port(80), Dnat("fd00::1", 8080))),
            Nat(Hook.Output, Rule(To("fd00::a"), Tcp(), Port(80), Dnat("fd00::1", 8080))));

        Describe(rules).Should().Equal(
            "[fd00::a]:80/tcp from node ::1 2001:db8::10: [fd00::1]:8080 100%",
            "[fd00::a]:80/tcp from other0 :: ::2-2001:db8::f 2001:db8::11-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff: [fd00::1]:8080 100%");
    }

    [Fact]
    public void BehavioursAreEqualByWhatTheyHold()
    {
        EndpointShare share = new(new(IpAddress.Parse("10.0.0.1"), 80), 1_000_000, IsMasqueraded: false);
        TrafficBehaviour behaviour = new(Disposition.Forwarded, [share], IsMasqueraded: false, 0, IsUncertain: false);

        behaviour.Should().Be(behaviour with { Endpoints = EquatableArray.Create<EndpointShare>([share]) });
        behaviour.Should().NotBe(behaviour with { Endpoints = [share with { IsMasqueraded = true }] });
        behaviour.IsNothing.Should().BeFalse();
        (behaviour with { Fate = Disposition.Passes }).IsNothing.Should().BeTrue();
        (behaviour with { Fate = Disposition.Passes, IsMasqueraded = true }).IsNothing.Should().BeFalse();
        (behaviour with { Fate = Disposition.Passes, IsUncertain = true }).IsNothing.Should().BeFalse();
    }

    private static string[] Forward(params WalkRule[] rules) => Describe(RulesOf(Filter(Hook.Forward, rules)), "eth0");

    private static NeutralRule Single(Ruleset rules) =>
        NeutralRules.Describe(rules, Nodes.Addresses.AsSpan().ToArray(), [s_web], [new TrafficOrigin("eth0")]).Should().ContainSingle().Which;

    private static string[] Describe(Ruleset rules) => [.. NeutralRules.Describe(rules, Nodes.Addresses.AsSpan().ToArray()).Select(rule => rule.ToString())];

    private static string[] Describe(Ruleset rules, string inputInterface) =>
        [.. NeutralRules.Describe(rules, Nodes.Addresses.AsSpan().ToArray(), [s_web], [new TrafficOrigin(inputInterface)]).Select(rule => rule.ToString())];
}
