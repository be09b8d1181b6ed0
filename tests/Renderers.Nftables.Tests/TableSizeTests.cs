using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests;

public sealed class TableSizeTests
{
    /// <summary>To the last element: one that is missing in the count would be taken for damage.</summary>
    [Fact]
    public void ElementsOfALargeClusterAreCountedExactly()
    {
        const int Services = 20_000;
        const int Endpoints = 10;
        FamilyRules rules = UniformCluster.Build(Services, Endpoints).Builder.Current.IPv4;

        NftTableSizes sizes = NftablesRenderer.CountFull(rules, NftablesOptions.Default);

        sizes.Elements["service-ips"].Should().Be(Services);
        sizes.Elements["cluster-ips"].Should().Be(Services);
        sizes.Elements["tcp-endpoints"].Should().Be(Services * Endpoints);
        sizes.Elements["firewall-ips"].Should().Be(0);
        sizes.Rules["cluster-10"].Should().Be(3, "there is a map of endpoints for each protocol");
        sizes.Rules["reject-chain"].Should().Be(1);
    }
}
