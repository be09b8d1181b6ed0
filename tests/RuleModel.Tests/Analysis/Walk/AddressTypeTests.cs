using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Walk;

/// <summary>
/// Types of addresses as the kernel sees them: in IPv6, xt_addrtype wants an address to be of every type that is named
/// (<c>match_type6</c> in net/netfilter/xt_addrtype.c), in IPv4 of one of them. Found by random rules and packets.
/// </summary>
public sealed class AddressTypeTests
{
    private const string Own = "2001:db8::1";

    [Theory]
    [InlineData("-m addrtype --src-type UNICAST,LOCAL", "2001:db8::99", false)]
    [InlineData("-m addrtype --src-type UNICAST,LOCAL", Own, true)]
    [InlineData("-m addrtype --src-type LOCAL,MULTICAST", Own, false)]
    [InlineData("-m addrtype --src-type UNICAST", Own, true)]
    [InlineData("-m addrtype ! --src-type UNICAST,LOCAL", "2001:db8::99", true)]
    public void IptablesWantsAllTypesInIPv6(string match, string source, bool matches) =>
        IsDropped(Rulesets.Iptables($"*raw\n:PREROUTING ACCEPT\n-A PREROUTING {match} -j DROP\nCOMMIT\n", IpFamily.IPv6), source, "2001:db8::2").Should().Be(matches);

    [Theory]
    [InlineData("-m addrtype --src-type UNICAST,LOCAL", "203.0.113.9", true)]
    [InlineData("-m addrtype --src-type LOCAL,MULTICAST", "192.0.2.1", true)]
    [InlineData("-m addrtype --src-type LOCAL,MULTICAST", "203.0.113.9", false)]
    public void IptablesWantsOneOfThemInIPv4(string match, string source, bool matches) =>
        IsDropped(Rulesets.Iptables($"*raw\n:PREROUTING ACCEPT\n-A PREROUTING {match} -j DROP\nCOMMIT\n", IpFamily.IPv4), source, "192.0.2.2").Should().Be(matches);

    [Theory]
    [InlineData(Own, false)]
    [InlineData("2001:db8::99", true)]
    public void NftHasOneTypeForAnAddress(string destination, bool matches) =>
        IsDropped(
            Rulesets.NftablesText("table ip6 t {\n chain c {\n  type filter hook prerouting priority -300; policy accept;\n  fib daddr type unicast drop\n }\n}\n", IpFamily.IPv6),
            "2001:db8::77",
            destination).Should().Be(matches);

    private static bool IsDropped(Ruleset rules, string source, string destination)
    {
        WalkOutcome outcome = new PacketWalker(rules, new NodeView([IpAddress.Parse(Own), IpAddress.Parse("192.0.2.1")]))
            .Walk(new(AddressRange.Of(IpAddress.Parse(source)), IpAddress.Parse(destination), TransportProtocol.Tcp, 80) { InputInterface = "eth0" })
            .Should().ContainSingle().Subject;
        outcome.IsOpen.Should().BeFalse();
        return outcome.Verdict == WalkVerdict.Drop;
    }
}
