using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The back end of nftables mode that was asked to count connections.</summary>
[Trait("Category", "Netns")]
public sealed class CountingBackendTests
{
    [SkippableTheory]
    [InlineData(NftablesWriters.Netlink, true)]
    [InlineData(NftablesWriters.Netlink, false)]
    [InlineData(NftablesWriters.Nft, true)]
    [InlineData(NftablesWriters.Nft, false)]
    public async Task RulesCountIfThatIsAskedFor(string writer, bool isAskedFor)
    {
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], []).IPv4;
        using TestNode node = TestNode.CreateOrSkip("nft");
        AgentHost host = new() { Runner = node.Runner, Time = TimeProvider.System };

        using RuleBackend backend = await RuleBackend.FindAsync(
            ProxyMode.Nftables, IptablesVariants.Auto, writer, isAskedFor, IpFamily.IPv4, hasIPv6: true, TimeSpan.FromSeconds(30), host, NullLoggerFactory.Instance, default);
        ApplyResult result = await backend.Appliers[0].ApplyFullAsync(rules, default);

        result.IsApplied.Should().BeTrue(result.Error);
        node.NftTable(IpFamily.IPv4).Any(static line => line.Contains("counted-refused", StringComparison.Ordinal)).Should().Be(isAskedFor);
        backend.ConnectionCounters.Should().HaveCount(isAskedFor ? 2 : 0);
        foreach (IConnectionCounters counters in backend.ConnectionCounters)
        {
            List<ConnectionCount> counts = [];
            counters.Read(counts).Should().BeNull();
            counts.Should().BeEmpty();
        }
    }
}
