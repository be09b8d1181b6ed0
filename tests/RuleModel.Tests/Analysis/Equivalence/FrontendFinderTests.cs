using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.RuleModel.Tests.Analysis.Rules.HandWrittenRules;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Equivalence;

/// <summary>Destinations that rules tell apart. The unused port of each address, 9/tcp, comes along.</summary>
public sealed class FrontendFinderTests
{
    private static readonly RuleStep s_udp = new RuleStep.ProtocolMatch(TransportProtocol.Udp, IsNegated: false);

    [Fact]
    public void RulesThatTellNothingApartHaveNoDestinations()
    {
        Find([Rule(Accept), Rule(From("10.0.0.0/8"), Drop), Rule(Tcp(), Drop), Rule(Port(80), Drop)]).Should().BeEmpty();
    }

    [Fact]
    public void AnAddressWithAPortIsADestination()
    {
        Find([Rule(To("10.96.0.10"), Tcp(), Port(80), Drop), Rule(s_udp, Port(53), To("10.96.0.10"), Drop)])
            .Should().Equal("10.96.0.10:9/tcp", "10.96.0.10:80/tcp", "10.96.0.10:53/udp");
    }

    [Fact]
    public void APortAloneIsANodePortOnEachAddress()
    {
        Find([Rule(Tcp(), Port(30080), Drop)], "192.0.2.10", "192.0.2.11").Should().Equal("192.0.2.10:30080/tcp", "192.0.2.11:30080/tcp");
    }

    /// <summary>An address inside, but neither the first nor the last, which may be special.</summary>
    [Theory]
    [InlineData("10.96.0.0/16", "10.96.255.254:9/tcp")]
    [InlineData("0.0.0.0/0", "255.255.255.254:9/tcp")]
    [InlineData("fd00::/64", "[fd00::ffff:ffff:ffff:fffe]:9/tcp")]
    public void AnAddressOfEachPrefixIsLookedAt(string prefix, string found)
    {
        Find([Rule(To(prefix), Drop)]).Should().Equal(found);
        Find([Rule(NotTo(prefix), Drop)]).Should().Equal(found);
    }

    [Fact]
    public void NegatedMatchesNameNoDestination()
    {
        RuleStep notPort = new RuleStep.PortMatch(PacketField.DestinationPort, 80, 80, IsNegated: true);

        Find([Rule(To("10.96.0.10"), Tcp(isNegated: true), Port(80), Drop), Rule(To("10.96.0.10"), Tcp(), notPort, Drop)], "192.0.2.10").Should().BeEmpty();
        Find([Rule(NotTo("10.96.0.10"), Tcp(), Port(80), Drop)], "192.0.2.10").Should().Equal("192.0.2.10:80/tcp");
    }

    [Fact]
    public void KeysOfVerdictMapsAreDestinationsWhateverTheirOrder()
    {
        RuleStep services = new RuleStep.VerdictLookup(
            Key(PacketField.Protocol, PacketField.DestinationPort, PacketField.Destination),
            Map(("tcp . 80 . 10.96.0.10", Drop), ("sctp . 81 . fd00::1", Drop)));
        RuleStep nodePorts = new RuleStep.VerdictLookup(Key(PacketField.Protocol, PacketField.DestinationPort), Map(("udp . 30053", Drop)));

        Find([Rule(services), Rule(nodePorts)], "192.0.2.10")
            .Should().Equal("10.96.0.10:9/tcp", "10.96.0.10:80/tcp", "192.0.2.10:30053/udp", "[fd00::1]:9/tcp", "[fd00::1]:81/sctp");
    }

    [Fact]
    public void KeysOfOtherKindsAreLeftOut()
    {
        RuleStep sources = new RuleStep.VerdictLookup(Key(PacketField.Source), Map(("10.0.0.1", Drop)));
        RuleStep odd = new RuleStep.VerdictLookup(
            Key(PacketField.Protocol, PacketField.DestinationPort),
            Map(("icmp . 80", Drop), ("tcp . 65536", Drop), ("tcp . http", Drop)));

        Find([Rule(sources), Rule(odd)], "192.0.2.10").Should().BeEmpty();
    }

    [Fact]
    public void MembersOfAddressSetsAreLookedAt()
    {
        RuleStep addresses = new RuleStep.SetMatch(Key(PacketField.Destination), Set("10.96.0.10", "no address"), IsNegated: false);
        RuleStep sources = new RuleStep.SetMatch(Key(PacketField.Source), Set("10.96.0.11"), IsNegated: false);

        Find([Rule(addresses, Drop), Rule(sources, Drop)]).Should().Equal("10.96.0.10:9/tcp");
    }

    [Fact]
    public void RuleSetsAddUp()
    {
        FrontendFinder finder = new();
        finder.Add(RulesOf(Chain("a", Rule(To("10.96.0.10"), Tcp(), Port(80), Drop))));
        finder.Add(RulesOf(Chain("b", Rule(To("10.96.0.11"), Tcp(), Port(80), Drop))));

        finder.Find([]).Select(found => found.ToString())
            .Should().Equal("10.96.0.10:9/tcp", "10.96.0.10:80/tcp", "10.96.0.11:9/tcp", "10.96.0.11:80/tcp");
    }

    private static string[] Find(WalkRule[] rules, params string[] nodeAddresses)
    {
        FrontendFinder finder = new();
        finder.Add(RulesOf(Chain("chain", rules)));
        return [.. finder.Find(nodeAddresses.Select(IpAddress.Parse)).Select(found => found.ToString())];
    }
}
