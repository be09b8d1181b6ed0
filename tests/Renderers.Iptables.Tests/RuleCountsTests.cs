using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests;

/// <summary>The numbers of kube-proxy's rule metrics (spec 10.1).</summary>
public sealed class RuleCountsTests
{
    private static readonly IptablesOptions s_options = IptablesOptions.Default;

    [Fact]
    public void AServiceWithOneEndpointIsFiveNatRules()
    {
        RuleModelSnapshot none = Samples.Model([], []);
        RuleModelSnapshot one = Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);
        int before = Full(none.IPv4).Counts.Nat;

        Total(before - Shared(none.IPv4), RuleModelBuilder.Compare(none, one).IPv4).Should().Be(before + 5);
        Total(before + 5 - Shared(one.IPv4), RuleModelBuilder.Compare(one, none).IPv4).Should().Be(before);
    }

    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void CountsAreThoseOfTheTextAndTotalsThoseOfAFullRestore(IpFamily family)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            RandomCluster cluster = new(seed);
            RuleModelSnapshot model = Samples.Model([], []);
            RuleCounts all = Full(model[family]).Counts;
            (int filter, int shared, int portRules) = (all.Filter, all.NatShared, all.NatPorts);
            for (int step = 0; step < 15; step++)
            {
                cluster.Change();
                RuleModelSnapshot next = Samples.Model(cluster.Services, cluster.Slices);
                FamilyChange change = RuleModelBuilder.Compare(model, next)[family];
                (RuleCounts counts, string text) = Partial(change);
                (counts.Filter, counts.Nat).Should().Be(Count(text));

                portRules += IptablesRenderer.NatPortRulesAdded(change, s_options);
                (RuleCounts full, string fullText) = Full(next[family]);
                (full.Filter, full.Nat).Should().Be(Count(fullText));
                filter = counts.Filter == 0 ? filter : counts.Filter;
                shared = counts.NatShared == 0 ? shared : counts.NatShared;
                (filter, shared + portRules).Should().Be((full.Filter, full.Nat));
                model = next;
            }
        }
    }

    /// <summary>The total after a change, told from the rules of service ports before it.</summary>
    private static int Total(int portRules, FamilyChange change) =>
        Partial(change).Counts.NatShared + portRules + IptablesRenderer.NatPortRulesAdded(change, s_options);

    private static int Shared(FamilyRules rules) => Full(rules).Counts.NatShared;

    private static (RuleCounts Counts, string Text) Full(FamilyRules rules) =>
        Written(output => IptablesRenderer.WriteFullRestore(rules, default, s_options, output));

    private static (RuleCounts Counts, string Text) Partial(FamilyChange change) =>
        Written(output => IptablesRenderer.WritePartialRestore(change, s_options, output));

    private static (RuleCounts Counts, string Text) Written(Func<IBufferWriter<byte>, RuleCounts> write)
    {
        ArrayBufferWriter<byte> output = new();
        RuleCounts counts = write(output);
        return (counts, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static (int Filter, int Nat) Count(string text)
    {
        string[] tables = text.Split("COMMIT\n");
        return (Count(OfTable("filter")), Count(OfTable("nat")));

        string[] OfTable(string name) => Array.Find(tables, table => table.StartsWith($"*{name}\n", StringComparison.Ordinal))?.Split('\n') ?? [];

        static int Count(string[] lines) => lines.Count(line => line.StartsWith("-A ", StringComparison.Ordinal));
    }
}
