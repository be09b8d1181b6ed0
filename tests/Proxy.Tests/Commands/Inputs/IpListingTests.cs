using System.Text;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>The listings are of ip 6.1.0 in a network namespace.</summary>
public sealed class IpListingTests
{
    private const string Routes =
        """
        [{"dst":"default","gateway":"192.168.0.9","dev":"eth0","table":"100","flags":[]},{"dst":"default","gateway":"192.168.0.1","dev":"eth0","flags":[]},{"type":"blackhole","dst":"10.8.0.0/16","flags":[]},{"dst":"10.9.0.0/16","flags":[],"nexthops":[{"gateway":"192.168.0.7","dev":"eth0","weight":2,"flags":[]},{"gateway":"192.168.0.8","dev":"eth1","weight":1,"flags":[]}]},{"dst":"10.100.81.0/24","gateway":"10.100.81.0","dev":"flannel.1","flags":["onlink"]},{"dst":"10.100.0.0/16","dev":"eth1","metric":100,"flags":[]},{"dst":"10.100.0.0/16","dev":"eth0","metric":50,"flags":[]},{"dst":"10.7.0.0/16","dev":"eth1","metric":50,"flags":["dead","linkdown"]},{"dst":"192.168.0.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.168.0.2","flags":[]},{"type":"local","dst":"192.168.0.2","dev":"eth0","table":"local","protocol":"kernel","scope":"host","prefsrc":"192.168.0.2","flags":[]},{"dst":"fd00::/64","dev":"eth0","protocol":"kernel","metric":256,"flags":[],"pref":"medium"}]
        """;

    private const string Interfaces =
        """
        [{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo"}]},{"ifindex":3,"link":"eth0p","ifname":"eth0","linkinfo":{"info_kind":"veth"},"addr_info":[{"family":"inet","local":"192.168.0.2","prefixlen":24,"scope":"global","label":"eth0"},{"family":"inet","local":"192.168.0.3","prefixlen":24,"scope":"global","secondary":true,"label":"eth0"}]},{"ifindex":4,"ifname":"flannel.1","linkinfo":{"info_kind":"vxlan","info_data":{"id":1,"local":"192.168.0.2","link":"eth0","port":8472}},"addr_info":[{"family":"inet","local":"10.100.40.0","prefixlen":32,"scope":"global","label":"flannel.1"}]},{"ifindex":5,"ifname":"eth1","addr_info":[]}]
        """;

    private const string Rules =
        """
        [{"priority":0,"src":"all","table":"local"},{"priority":1024,"src":"all","fwmark":"0x80","fwmask":"0x80","table":"main"},{"priority":1536,"not":null,"src":"10.100.40.0","srclen":24,"dst":"10.0.0.0","dstlen":8,"table":"100"},{"priority":1538,"src":"1.2.3.4","action":"blackhole"},{"priority":1542,"src":"9.9.9.0","srclen":24,"table":"100"},{"priority":32766,"src":"all","table":"main"},{"priority":32767,"src":"all","table":"default"}]
        """;

    private static readonly string s_withoutTable = Routes.Replace("{\"dst\":\"default\",\"gateway\":\"192.168.0.9\",\"dev\":\"eth0\",\"table\":\"100\",\"flags\":[]},", "", StringComparison.Ordinal);

    [Theory]
    [InlineData("10.100.81.180", "flannel.1", "10.100.40.0")]
    [InlineData("10.100.2.1", "eth0", "192.168.0.2")]
    [InlineData("203.0.113.9", "eth0", "192.168.0.2")]
    [InlineData("10.9.1.1", null, null)]
    [InlineData("10.7.1.1", "eth0", "192.168.0.2")]
    [InlineData("fd00::9", "eth0", null)]
    public void LongestPrefixThenMetricDecide(string destination, string? name, string? source)
    {
        NodeNetwork network = Read(s_withoutTable + Interfaces);
        IpAddress address = IpAddress.Parse(destination);

        RouteDecision decision = network.Find(new(address, null, null));

        decision.Interface.Should().Be(name);
        SourceChoice.OfMasquerade(network, decision, address).Address?.ToString().Should().Be(source);
    }

    [Theory]
    [InlineData("10.8.1.1", RouteDecisionKind.Refused)]
    [InlineData("192.168.0.2", RouteDecisionKind.Local)]
    [InlineData("2001:db8::1", RouteDecisionKind.NoRoute)]
    [InlineData("10.9.1.1", RouteDecisionKind.Sent)]
    public void RoutesHaveKinds(string destination, RouteDecisionKind kind) =>
        Read(s_withoutTable).Find(new(IpAddress.Parse(destination), null, null)).Kind.Should().Be(kind);

    [Fact]
    public void WithoutPolicyRulesAnotherTableLeavesItOpen()
    {
        NodeNetwork network = Read(Routes);

        network.Find(new(IpAddress.Parse("203.0.113.9"), null, null)).Open.Should().Contain("table 100").And.Contain("ip -j rule");
        network.Find(new(IpAddress.Parse("192.168.0.2"), null, null)).Kind.Should().Be(RouteDecisionKind.Local, "the local table is asked first in any case");
    }

    [Theory]
    [InlineData("10.5.5.5", "10.1.1.1", 0u, "via 192.168.0.9", RouteDecisionKind.Sent)]
    [InlineData("10.5.5.5", "10.1.1.1", 0x80u, "via 192.168.0.1", RouteDecisionKind.Sent)]
    [InlineData("10.5.5.5", "10.100.40.7", 0u, "via 192.168.0.9", RouteDecisionKind.Sent)]
    [InlineData("203.0.113.9", "1.2.3.4", 0u, "blackhole", RouteDecisionKind.Refused)]
    [InlineData("203.0.113.9", "9.9.9.1", 0u, "via 192.168.0.9", RouteDecisionKind.Sent)]
    [InlineData("203.0.113.9", "9.9.8.1", 0u, "via 192.168.0.1", RouteDecisionKind.Sent)]
    public void PolicyRulesChooseTheTable(string destination, string source, uint mark, string via, RouteDecisionKind kind)
    {
        // "not" is of the whole rule: 1536 is for what is not both from 10.100.40.0/24 and to 10.0.0.0/8.
        NodeNetwork network = Read(Rules.Replace("\"priority\":1536,\"not\":null,\"src\":\"10.100.40.0\",\"srclen\":24", "\"priority\":1536,\"src\":\"all\"", StringComparison.Ordinal) + Routes);

        RouteDecision decision = network.Find(new(IpAddress.Parse(destination), IpAddress.Parse(source), "eth0") { Mark = mark, KnownMark = uint.MaxValue });

        decision.Kind.Should().Be(kind);
        (decision.Route?.ToString() ?? "").Should().Contain(via);
    }

    [Fact]
    public void AMarkThatIsNotKnownLeavesOnlyDifferentRoutesOpen()
    {
        NodeNetwork network = Read(Rules + Routes);

        network.Find(new(IpAddress.Parse("10.100.81.180"), IpAddress.Parse("10.100.40.7"), "eth0")).Interface.Should().Be("flannel.1");
        network.Find(new(IpAddress.Parse("203.0.113.9"), IpAddress.Parse("10.1.1.1"), "eth0")).Open.Should().Contain("1024").And.Contain("fwmark 0x80");
    }

    [Theory]
    [InlineData("default via 192.168.0.1 dev eth0", "not whole JSON")]
    [InlineData("", "no interface and no route")]
    [InlineData("[{\"dst\":\"default\"", "not whole JSON")]
    [InlineData("{\"a\":1}", "a list of objects")]
    [InlineData("[{\"a\":1}]", "neither")]
    [InlineData("[{\"dst\":\"10.0.0.0/8\",\"nexthops\":[7]},{\"ifname\":3,\"addr_info\":[1,{}]},5]x", "not whole JSON")]
    [InlineData("[{\"dst\":\"10.0.0.0/99\",\"dev\":\"eth0\"}]", "no prefix")]
    public void WhatIsNotOfIpIsRefusedWithTheCommands(string text, string why) =>
        FluentActions.Invoking(() => Read(text)).Should().Throw<InputException>().WithMessage($"*{why}*ip -j route show table all*");

    private static NodeNetwork Read(string text) => new IpListing("test.json").Read(Encoding.UTF8.GetBytes(text));
}
