using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Tests.Settings;

public sealed class EgressMasqueradeTests
{
    private static readonly LocalTrafficDetector s_pods = LocalTrafficDetector.ByPrefix(IpPrefix.Parse("10.244.0.0/16"));

    [Theory]
    [InlineData(IpFamily.IPv4, "10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16")]
    [InlineData(IpFamily.IPv6, "fc00::/7, fe80::/10")]
    public void TheDefaultsKeepPrivateAndLinkLocalDestinations(IpFamily family, string expected)
    {
        Kept(EgressMasquerade.Resolve(family, EgressPolicy.Default, s_pods)).Should().Be(expected);
    }

    [Theory]
    [InlineData("10.1.0.0/16 10.0.0.0/8 10.0.0.0/8 10.255.255.255/32", "10.0.0.0/8")]
    [InlineData("192.0.2.0/24 10.0.0.0/8", "10.0.0.0/8, 192.0.2.0/24")]
    [InlineData("10.0.0.0/9 10.128.0.0/9", "10.0.0.0/9, 10.128.0.0/9")]
    [InlineData("fd00::/8", "")]
    public void RangesInsideOthersAndOfTheOtherFamilyAreLeftOut(string ranges, string expected)
    {
        EgressPolicy policy = new() { NonMasqueradeCidrs = [.. ranges.Split(' ').Select(IpPrefix.Parse)], MasqueradesLinkLocal = true };

        Kept(EgressMasquerade.Resolve(IpFamily.IPv4, policy, s_pods)).Should().Be(expected);
    }

    [Fact]
    public void LinkLocalDestinationsAreMasqueradedOnlyOnDemand()
    {
        EgressPolicy policy = new() { NonMasqueradeCidrs = [IpPrefix.Parse("fd00::/8")] };

        Kept(EgressMasquerade.Resolve(IpFamily.IPv4, policy, s_pods)).Should().Be("169.254.0.0/16");
        Kept(EgressMasquerade.Resolve(IpFamily.IPv6, policy, s_pods)).Should().Be("fd00::/8, fe80::/10");
        Kept(EgressMasquerade.Resolve(IpFamily.IPv6, policy with { MasqueradesLinkLocalIPv6 = true }, s_pods)).Should().Be("fd00::/8");
    }

    [Theory]
    [InlineData(IpFamily.IPv6, "10.0.0.0/8", true, "names no IPv6 range")]
    [InlineData(IpFamily.IPv4, "10.0.0.0/8", false, "no IPv4 pod CIDR is known")]
    [InlineData(IpFamily.IPv4, "10.0.0.0/8 0.0.0.0/0", true, "contains all IPv4 addresses")]
    public void WithoutPodsOrDestinationsThereAreNoRules(IpFamily family, string ranges, bool knowsPods, string reason)
    {
        EgressPolicy policy = new() { NonMasqueradeCidrs = [.. ranges.Split(' ').Select(IpPrefix.Parse)] };
        LocalTrafficDetector pods = knowsPods ? s_pods : LocalTrafficDetector.None;

        EgressMasquerade.Resolve(family, policy, pods).Should().BeNull();
        EgressMasquerade.WhyNot(family, policy, pods).Should().Contain(reason);
    }

    /// <summary>Of a detector that finds nobody, where the Node says which addresses its pods have.</summary>
    [Theory]
    [InlineData("10.244.0.0/16", "10.244.0.0/16")]
    [InlineData("", "10.1.1.0/24")]
    public void PodsAreThoseOfTheDetectorElseOfTheNode(string clusterCidr, string expected)
    {
        Node node = new() { Name = "node-a", PodCidrs = ["fd00::/64", "10.1.1.0/24"] };

        NodeSettings settings = NodeSettings.Resolve(IpFamily.IPv4, new ProxySettings { ClusterCidr = clusterCidr, Egress = EgressPolicy.Default }, node, default, default);

        settings.Egress!.Pods.Prefix.ToString().Should().Be(expected); // the policy leads to rules
        settings.LocalTraffic.IsPresent.Should().Be(clusterCidr.Length != 0);
    }

    [Fact]
    public void ItIsOffByDefault()
    {
        NodeSettings settings = NodeSettings.Resolve(IpFamily.IPv4, new ProxySettings { ClusterCidr = "10.244.0.0/16" }, null, default, default);

        settings.Egress.Should().BeNull();
    }

    private static string Kept(EgressMasquerade? egress) => string.Join(", ", egress!.KeptDestinations.AsSpan().ToArray()); // a test without one fails here
}
