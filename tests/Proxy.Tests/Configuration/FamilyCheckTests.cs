using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Configuration;

/// <summary>Spec 7.7.</summary>
public sealed class FamilyCheckTests
{
    [Theory]
    [InlineData("", "", "nodePortAddresses is unset; NodePort connections will be accepted on all local IPs. Consider using `--nodeport-addresses primary`")]
    [InlineData("10.0.0.0/8", "", null)]
    [InlineData("10.0.0.0/8", "10.244.0.0/16,fd00::/48", "cluster appears to be dual-stack but nodePortAddresses contains only IPv4 addresses; NodePort connections will be accepted on all local IPv6 IPs")]
    [InlineData("10.0.0.0/8,fd00::/8", "10.244.0.0/16,fd00::/48", null)]
    [InlineData("fd00::/8", "", "cluster appears to be IPv4-primary but nodePortAddresses contains only IPv6 addresses; NodePort connections will be accepted on all local IPv4 IPs")]
    public void NodePortAddressesAreCommentedOn(string addresses, string clusterCidr, string? warning)
    {
        KubeProxyConfiguration configuration = new() { NodePortAddresses = [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries)], ClusterCidr = clusterCidr };

        new FamilyCheck(configuration, [], IpFamily.IPv4).Warnings().Should().Equal(warning is null ? [] : [warning]);
    }

    [Fact]
    public void PodRangesOfTheNodeTellDualStackToo()
    {
        KubeProxyConfiguration configuration = new() { NodePortAddresses = ["10.0.0.0/8"] };

        new FamilyCheck(configuration, ["10.1.0.0/24", "fd00:1::/64"], IpFamily.IPv4).Warnings().Should().ContainSingle().Which.Should().StartWith("cluster appears to be dual-stack");
    }

    [Theory]
    [InlineData("ClusterCIDR", "fd00::/48", "", false, true, "cluster is IPv4-only but clusterCIDRs contains only IPv6 addresses")]
    [InlineData("", "fd00::/48", "", false, true, "cluster is IPv4-only but clusterCIDRs contains only IPv6 addresses")]
    [InlineData("ClusterCIDR", "fd00::/48", "", true, false, "cluster is IPv4-primary but clusterCIDRs contains only IPv6 addresses")]
    [InlineData("NodeCIDR", "fd00::/48", "", false, false, "cluster is IPv4-only but clusterCIDRs contains only IPv6 addresses")]
    [InlineData("NodeCIDR", "", "fd00::/64", false, true, "cluster is IPv4-only but node.spec.podCIDRs contains only IPv6 addresses")]
    [InlineData("NodeCIDR", "", "fd00::/64", true, true, "cluster is IPv4-primary but node.spec.podCIDRs contains only IPv6 addresses")]
    [InlineData("ClusterCIDR", "", "fd00::/64", true, false, "cluster is IPv4-primary but node.spec.podCIDRs contains only IPv6 addresses")]
    [InlineData("ClusterCIDR", "fd00::/48,10.0.0.0/8", "", false, false, null)]
    public void RangesOfTheWrongFamilyAreFatalWhereLocalTrafficDependsOnThem(string mode, string clusterCidr, string podCidr, bool isDualStack, bool isFatal, string? problem)
    {
        KubeProxyConfiguration configuration = new() { DetectLocalMode = mode, ClusterCidr = clusterCidr };
        FamilyCheck check = new(configuration, podCidr.Length == 0 ? [] : [podCidr], IpFamily.IPv4);
        Func<IReadOnlyList<string>> result = () => check.CheckFamilies(isDualStack);

        if (isFatal)
        {
            result.Should().Throw<ConfigurationException>().WithMessage("kube-proxy configuration is incorrect: " + problem);
        }
        else
        {
            result().Should().Equal(problem is null ? [] : [problem]);
        }
    }

    [Fact]
    public void ListenersAndIpvsRangesCountWithASingleFamilyOnly()
    {
        KubeProxyConfiguration configuration = new()
        {
            HealthzBindAddress = "192.0.2.1:1",
            MetricsBindAddress = "0.0.0.0:1",
            Ipvs = new() { ExcludeCidrs = ["10.0.0.0/8"] },
            Winkernel = new() { SourceVip = "192.0.2.1" },
        };
        FamilyCheck check = new(configuration, [], IpFamily.IPv6);

        check.CheckFamilies(isDualStack: true).Should().Equal("cluster is IPv6-primary but winkernel.sourceVip is IPv4");
        check.CheckFamilies(isDualStack: false).Should().Equal(
            "cluster is IPv6-only but winkernel.sourceVip is IPv4",
            "cluster is IPv6-only but ipvs.excludeCIDRs contains only IPv4 addresses",
            "cluster is IPv6-only but healthzBindAddress is IPv4");
    }
}
