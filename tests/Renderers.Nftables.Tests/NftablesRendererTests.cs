using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests;

/// <summary>Properties of the text; what it does is tested with the real nft in tests/Node.Tests.</summary>
public sealed class NftablesRendererTests
{
    [Fact]
    public void ObjectsDoNotGrowWithTheCluster()
    {
        string[] small = Render.Full(UniformCluster.Build(10, 7).Builder.Current.IPv4);
        string[] large = Render.Full(UniformCluster.Build(1000, 7).Builder.Current.IPv4);

        Objects(large).Should().Equal(Objects(small));
        Objects(small).Count().Should().BeGreaterThan(30);
        large.Sum(line => line.Length).Should().BeGreaterThan(50 * small.Sum(line => line.Length) / 10);
    }

    [Fact]
    public void OnlyAffinityAndSourceRangesMakeObjectsOfTheirOwn()
    {
        Service plain = Samples.LoadBalancer;
        Service restricted = plain with { LoadBalancerSourceRanges = ["192.0.2.0/24"] };
        Service sticky = plain with { SessionAffinity = "ClientIP" };

        Own(plain).Should().BeEmpty();
        Own(restricted).Should().Equal("chain firewall-");
        Own(sticky).Should().Equal("chain endpoint-", "chain endpoint-", "chain external-", "chain service-", "set affinity-", "set affinity-");

        static IEnumerable<string> Own(Service service) => Objects(Render.Full(
                Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.2.6"))]).IPv4))
            .Where(name => name.Contains('/'))
            .Select(name => name[..(name.IndexOf('-') + 1)])
            .Order(StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void OneEndpointIsAFewElementsAndNoRule(string what, int most)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(300, 10);
        state.Set(what switch
        {
            "replaced" => UniformCluster.Slice(150, 10, first: "10.250.0.1"),
            "removed" => UniformCluster.Slice(150, 9),
            _ => UniformCluster.Slice(150, 11),
        });

        string[] update = Render.Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4);

        update.Should().OnlyContain(line => line.Contains(" element ")).And.HaveCountGreaterThan(0).And.HaveCountLessThanOrEqualTo(most);
    }

    public static TheoryData<string, int> Changes() => new() { { "replaced", 2 }, { "removed", 4 }, { "added", 3 } };

    /// <summary>A rule makes nft read the whole table back first, so source ranges that did not change are left alone.</summary>
    [Theory]
    [InlineData("192.0.2.0/24", false)]
    [InlineData("192.0.3.0/24", true)]
    public void TheFirewallIsWrittenOnlyWhenItsRangesChanged(string newRange, bool isWritten)
    {
        Service service = Samples.LoadBalancer with { LoadBalancerSourceRanges = ["192.0.2.0/24"] };
        RuleModelChange change = RuleModelBuilder.Compare(
            Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.1.5"))]),
            Samples.Model([service with { LoadBalancerSourceRanges = [newRange] }], [Samples.Slice(Samples.Endpoint("10.244.1.6"))]));

        string[] update = Render.Update(change.IPv4);

        update.Should().Contain(line => line.Contains("add element"));
        update.Any(line => line.Contains("firewall-")).Should().Be(isWritten);
    }

    /// <summary>nft reads "type ipv4_addr" too, but then does not know what a value is when it lists or adds (docs/nftables.md).</summary>
    [Theory]
    [InlineData(1, IpFamily.IPv4)]
    [InlineData(2, IpFamily.IPv6)]
    public void SetsAndMapsAreDeclaredWithTypeof(int seed, IpFamily family)
    {
        string[] declarations = [.. Render.Full(RandomModel(seed)[family]).Where(line => line.StartsWith("set ", StringComparison.Ordinal) || line.StartsWith("map ", StringComparison.Ordinal) || line.StartsWith("add set ", StringComparison.Ordinal) || line.StartsWith("add map ", StringComparison.Ordinal))];

        declarations.Should().HaveCountGreaterThanOrEqualTo(20).And.OnlyContain(line => line.Contains("{ typeof "));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void NothingIsWrittenWhenNothingChanged(int seed)
    {
        RuleModelSnapshot model = RandomModel(seed);
        RuleModelChange change = RuleModelBuilder.Compare(model, model);

        Render.Update(change.IPv4).Should().BeEmpty();
        Render.Update(change.IPv6).Should().BeEmpty();
        NftablesRenderer.StaleChains(change.IPv4).Should().BeEmpty();
    }

    /// <summary>Neither watches nor files give objects in any order. (Slots do depend on what was there before: docs/nftables.md.)</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void TheTextDoesNotDependOnTheOrderOfTheObjects(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState ignored = new(allowExternalIPs: true);
        for (int step = 0; step < 120; step++)
        {
            cluster.ApplyChange(ignored);
        }

        RuleModelSnapshot some = Samples.Model(cluster.Shuffle(cluster.Services), cluster.Shuffle(cluster.Slices));
        RuleModelSnapshot other = Samples.Model(cluster.Shuffle(cluster.Services), cluster.Shuffle(cluster.Slices));

        Render.Full(other.IPv4).Should().Equal(Render.Full(some.IPv4));
        Render.Full(other.IPv6).Should().Equal(Render.Full(some.IPv6));
    }

    [Fact]
    public void ANewMarkNeedsAFullTransaction()
    {
        FamilyRules before = Samples.Model([Samples.Service], []).IPv4;
        NodeSettings settings = Nodes.Resolve(IpFamily.IPv4, Nodes.Proxy with { MasqueradeBit = 15 });
        FamilyRules after = Samples.Model([Samples.Service], [], settings).IPv4;
        FamilyChange change = ServiceDiffOf(before, after);

        NftablesRenderer.CanUpdate(change).Should().BeFalse();
        FluentActions.Invoking(() => Render.Update(change)).Should().Throw<ArgumentException>();
        Render.Full(after).Should().Contain(line => line.Contains("0x00008000")).And.NotContain(line => line.Contains("0x00004000"));
    }

    /// <summary>Old nft and kernels know no comments on tables, chains and sets; rules and elements keep theirs (spec 6.1).</summary>
    [Fact]
    public void ObjectCommentsCanBeLeftOut()
    {
        FamilyRules rules = Samples.Model([Samples.Service], []).IPv4;

        string[] lines = Render.Full(rules, new NftablesOptions { HasObjectComments = false });

        lines.Should().NotContain(line => line.StartsWith("comment ", StringComparison.Ordinal) || (line.StartsWith("set ", StringComparison.Ordinal) && line.Contains("comment")));
        lines.Should().Contain(line => line.Contains("add element") && line.Contains("comment \"shop/web:http\""));
    }

    /// <summary>Comments of elements may have 127 bytes (NFTNL_UDATA_COMMENT_MAXLEN); nft refuses the transaction for a longer one.</summary>
    [Fact]
    public void CommentsAreCutToWhatNftTakes()
    {
        Service service = Samples.Service with
        {
            Name = new(new string('n', 63), new string('s', 63)),
            Ports = [new ServicePort { Name = new string('p', 63), Port = 80 }],
        };

        string[] lines = Render.Full(Samples.Model([service], []).IPv4);

        string element = lines.Single(line => line.Contains("no-endpoint-services {") && line.StartsWith("add element", StringComparison.Ordinal));
        int start = element.IndexOf('"') + 1;
        (element.LastIndexOf('"') - start).Should().Be(127);
    }

    private static FamilyChange ServiceDiffOf(FamilyRules before, FamilyRules after) =>
        RuleModelBuilder.Compare(new(before, before), new(after, after)).IPv4;

    private static RuleModelSnapshot RandomModel(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        for (int step = 0; step < 80; step++)
        {
            cluster.ApplyChange(state);
        }

        return RuleModelBuilder.Build(state, Nodes.IPv4, Nodes.IPv6);
    }

    /// <summary>"chain NAME", "set NAME" and "map NAME", as often as they are declared.</summary>
    private static IEnumerable<string> Objects(string[] lines)
    {
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            int first = words[0] == "add" ? 1 : 0;
            if (words.Length > 2 && words[first] is "chain" or "set" or "map")
            {
                yield return $"{words[first]} {words[first == 0 ? 1 : 4]}";
            }
        }
    }
}
