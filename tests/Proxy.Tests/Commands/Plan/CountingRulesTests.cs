using System.Buffers;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Plan;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Plan;

/// <summary>Whether the agent of a node counts connections makes no difference to those who compare its rules.</summary>
public sealed class CountingRulesTests
{
    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void CountersAreNoChangeAndNoDifference(IpFamily family)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            RandomCluster cluster = new(seed);
            for (int change = 0; change < 60; change++)
            {
                cluster.Change();
            }

            RuleModelSnapshot model = Samples.Model(cluster.Services, cluster.Slices);
            Ruleset counting = ReadCounting(model[family]);
            Ruleset usual = RenderedRules.Of(model[family], ProxyMode.Iptables);

            RuleInventory.Difference(counting, usual).Should().Be(default(RuleReferences), "seed {0}", seed);
            RuleFindings findings = new();
            new RuleComparison(model, ProxyMode.Iptables, []).Compare(counting, findings, default);
            findings.Differences.Should().BeEmpty("seed {0}", seed);
            findings.Compared.Should().BePositive();
        }
    }

    private static Ruleset ReadCounting(FamilyRules rules)
    {
        ArrayBufferWriter<byte> listing = new();
        IptablesRenderer.WriteListing(rules, new() { HasServiceCounters = true }, listing);
        Ruleset read = new(rules.Family);
        IptablesSaveReader.Read(listing.WrittenMemory, read);
        return read;
    }
}
