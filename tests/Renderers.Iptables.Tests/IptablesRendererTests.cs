using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests;

public sealed class IptablesRendererTests
{
    /// <summary>Spec 5.14.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(1, 10)]
    [InlineData(10, 0)]
    [InlineData(10, 1)]
    [InlineData(10, 10)]
    public void ClusterIPServicesCostTheSpecifiedNumberOfRules(int services, int endpoints)
    {
        RuleModelSnapshot model = Several(Samples.Service, services, endpoints);

        Render.CountRules(model.IPv4).Should().Be(endpoints == 0 ? (4 + services, 5) : (4, 5 + (services * (2 + (3 * endpoints)))));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(10, 2)]
    public void LoadBalancersCostTheSpecifiedNumberOfRules(int services, int endpoints)
    {
        Service service = Samples.LoadBalancer with { LoadBalancerSourceRanges = ["192.0.3.0/24"] };

        RuleModelSnapshot model = Several(service, services, endpoints);

        Render.CountRules(model.IPv4).Should().Be(
            endpoints == 0 ? (4 + (4 * services), 5) : (4 + services, 5 + (services * (10 + (3 * endpoints)))));
    }

    [Fact]
    public void SameModelSameText()
    {
        RandomCluster cluster = NewCluster(3);
        string text = Render.Listing(Samples.Model(cluster.Services, cluster.Slices).IPv4);

        Render.Listing(Samples.Model(cluster.Shuffle(cluster.Services), cluster.Shuffle(cluster.Slices)).IPv4).Should().Be(text);
    }

    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void EveryJumpHasAChainAndEveryChainIsJumpedTo(IpFamily family)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            RandomCluster cluster = NewCluster(seed);
            string[] lines = Render.Listing(Samples.Model(cluster.Services, cluster.Slices)[family]).Split("*nat\n")[1].Split('\n');
            HashSet<string> declared = [.. lines.Where(line => line.StartsWith(":KUBE", StringComparison.Ordinal)).Select(line => line[1..line.IndexOf(' ')])];
            HashSet<string> targets = [.. lines.Where(line => line.Contains(" -j KUBE-")).Select(line => line[(line.LastIndexOf(" -j ", StringComparison.Ordinal) + 4)..])];

            targets.Should().BeSubsetOf(declared);
            declared.Except(targets).Should().BeSubsetOf(["KUBE-PROXY-CANARY", "KUBE-MARK-MASQ"]);
        }
    }

    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void PartialTextsLeadWhereAFullOneDoes(IpFamily family)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            RandomCluster cluster = new(seed);
            RuleModelSnapshot model = Samples.Model([], []);
            RestoreEmulator kernel = new();
            kernel.Replace(Render.Listing(model[family]));
            for (int step = 0; step < 15; step++)
            {
                cluster.Change();
                RuleModelSnapshot next = Samples.Model(cluster.Services, cluster.Slices);
                RuleModelChange change = RuleModelBuilder.Compare(model, next);
                kernel.Restore(Render.Partial(family == IpFamily.IPv4 ? change.IPv4 : change.IPv6));
                model = next;
            }

            RestoreEmulator fresh = new();
            fresh.Replace(Render.Listing(model[family]));
            SaveDump.Parse(kernel.Save()).CanonicalLines().Should().Equal(SaveDump.Parse(fresh.Save()).CanonicalLines());
        }
    }

    /// <summary>Jumps lead to chains that exist after each of the transactions, and the rules and counts are those of one.</summary>
    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void AFullRestoreInSeveralTransactionsLeadsWhereOneDoes(IpFamily family)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            RandomCluster cluster = NewCluster(seed);
            RestoreEmulator one = new(), several = new();
            for (int step = 0; step < 3; step++)
            {
                cluster.Change();
                FamilyRules rules = Samples.Model(cluster.Services, cluster.Slices)[family];
                ArrayBufferWriter<byte> text = new();
                RuleCounts counts = IptablesRenderer.WriteFullRestore(rules, default, IptablesOptions.Default, text);
                one.Restore(Encoding.UTF8.GetString(text.WrittenSpan));
                text.ResetWrittenCount();

                RuleCounts inParts = IptablesRenderer.WriteFullRestore(rules, default, IptablesOptions.Default with { ChainsPerCommit = 1 + (seed % 20) }, text);

                several.Restore(Encoding.UTF8.GetString(text.WrittenSpan));
                inParts.Should().Be(counts);
                SaveDump.Parse(several.Save()).CanonicalLines().Should().Equal(SaveDump.Parse(one.Save()).CanonicalLines());
            }
        }
    }

    [Fact]
    public void AFullRestoreOnTopOfAListingChangesNothing()
    {
        RandomCluster cluster = NewCluster(5);
        FamilyRules rules = Samples.Model(cluster.Services, cluster.Slices).IPv4;
        RestoreEmulator kernel = new();
        kernel.Replace(Render.Listing(rules));
        string before = kernel.Save();

        kernel.Restore(Render.Full(rules));

        SaveDump.Parse(kernel.Save()).CanonicalLines().Should().Equal(SaveDump.Parse(before).CanonicalLines());
    }

    [Fact]
    public void APartialTextHoldsOnlyTheChangedService()
    {
        RuleModelSnapshot before = Several(Samples.Service, 3, 2);
        Service changed = before.IPv4.Services.Count == 3 ? Numbered(Samples.Service, 1) with { SessionAffinity = "ClientIP" } : Samples.Service;
        RuleModelSnapshot after = Samples.Model([Numbered(Samples.Service, 0), changed, Numbered(Samples.Service, 2)], SlicesOf(3, 2));

        string text = Render.Partial(RuleModelBuilder.Compare(before, after).IPv4);

        text.Split('\n').Count(line => line.StartsWith(":KUBE-SVC-", StringComparison.Ordinal)).Should().Be(1);
        text.Split('\n').Count(line => line.StartsWith(":KUBE-SEP-", StringComparison.Ordinal)).Should().Be(2);
        text.Should().NotContain("-X");
    }

    /// <summary>An endpoint more changes no rule of the dispatch chains, so they are left as they are.</summary>
    [Fact]
    public void DispatchChainsAreWrittenOnlyIfTheyChange()
    {
        string more = Render.Partial(RuleModelBuilder.Compare(Several(Samples.Service, 3, 1), Several(Samples.Service, 3, 2)).IPv4);
        string first = Render.Partial(RuleModelBuilder.Compare(Several(Samples.Service, 3, 0), Several(Samples.Service, 3, 2)).IPv4);

        more.Should().StartWith("*nat\n").And.NotContain("*filter").And.NotContain("KUBE-SERVICES").And.NotContain("KUBE-NODEPORTS").And.Contain("-A KUBE-SVC-");
        first.Should().Contain(":KUBE-SERVICES - [0:0]").And.Contain("*filter");
    }

    /// <summary>A change that no rule of iptables depends on has nothing to be written.</summary>
    [Fact]
    public void AChangeWithoutRulesHasNoText()
    {
        Service service = Numbered(Samples.Service, 1);

        string text = Render.Partial(RuleModelBuilder.Compare(Samples.Model([service], []), Samples.Model([service with { SessionAffinity = "ClientIP" }], [])).IPv4);

        text.Should().BeEmpty();
    }

    [Fact]
    public void DeletedServicesLeaveDeletions()
    {
        RuleModelChange change = RuleModelBuilder.Compare(Several(Samples.Service, 1, 2), Samples.Model([], []));

        string[] lines = Render.Partial(change.IPv4).Split('\n');

        lines.Count(line => line.StartsWith("-X KUBE-SVC-", StringComparison.Ordinal)).Should().Be(1);
        lines.Count(line => line.StartsWith("-X KUBE-SEP-", StringComparison.Ordinal)).Should().Be(2);
    }

    [Fact]
    public void PartialTextsNeedUnchangedSettings()
    {
        RuleModelChange change = RuleModelBuilder.Compare(
            Samples.Model([], []),
            Samples.Model([], [], Nodes.IPv4 with { MasqueradeAll = true }));

        FluentActions.Invoking(() => Render.Partial(change.IPv4)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void LargeClustersLoseTheCommentsOfEndpoints()
    {
        string small = Render.Listing(Several(Samples.Service, 1, 250).IPv4);
        string large = Render.Listing(Several(Samples.Service, 5, 250).IPv4);

        small.Should().Contain("shop/web0:http -> 10.244.0.1:8080");
        large.Should().NotContain(" -> ").And.Contain("cluster IP");
    }

    [Fact]
    public void CountersCanBeLeftOut()
    {
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;
        IptablesOptions without = new() { HasInvalidDropCounter = false, HasLocalhostCounter = false };

        string text = Render.Listing(rules, without);

        text.Should().NotContain("nfacct").And.Contain("-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n");
        text.Split('\n').Count(line => line.StartsWith("-A KUBE-NODEPORTS -d 127", StringComparison.Ordinal)).Should().Be(0);
        Render.Listing(rules).Split('\n').Count(line => line.StartsWith("-A KUBE-NODEPORTS -d 127", StringComparison.Ordinal)).Should().Be(1);
    }

    [Fact]
    public void OldIptablesGetsNoRandomFully()
    {
        Render.Listing(Samples.Model([], []).IPv4, new IptablesOptions { HasRandomFully = false }).Should().Contain(" -j MASQUERADE\n");
    }

    [Fact]
    public void ALiberalConntrackDropsNothing()
    {
        Render.Listing(Samples.Model([], [], Nodes.IPv4 with { ConntrackTcpLiberal = true }).IPv4).Should().NotContain("INVALID");
    }

    /// <summary>iptables-nft refuses "! -s 0.0.0.0/0", and nothing comes from outside everything.</summary>
    [Fact]
    public void APodCidrOfEverythingMakesAllTrafficLocal()
    {
        NodeSettings settings = Nodes.Resolve(IpFamily.IPv4, Nodes.Proxy with { ClusterCidr = "0.0.0.0/0" });
        Service service = Samples.LoadBalancer with { ExternalTrafficPolicy = "Local" };

        string text = Render.Listing(Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))], settings).IPv4);

        text.Should().NotContain("0.0.0.0/0").And.Contain("-m comment --comment \"pod traffic for shop/web:http external destinations\" -j KUBE-SVC-");
        text.Split('\n').Count(line => line.StartsWith("-A KUBE-SVC-", StringComparison.Ordinal) && line.EndsWith("KUBE-MARK-MASQ", StringComparison.Ordinal)).Should().Be(0);
    }

    /// <summary>Every Services' rules of the dispatch chains, whatever else is in the model, in the order of names.</summary>
    [Fact]
    public void ServicesComeInTheOrderOfTheirNames()
    {
        string text = Render.Listing(Several(Samples.Service, 9, 1).IPv4);

        string[] names = [.. text.Split('\n').Where(line => line.StartsWith("-A KUBE-SERVICES -d", StringComparison.Ordinal)).Select(line => line.Split('"')[1])];
        names.Should().HaveCount(9).And.BeInAscendingOrder(StringComparer.Ordinal);
    }

    private static RandomCluster NewCluster(int seed)
    {
        RandomCluster cluster = new(seed);
        for (int step = 0; step < 40; step++)
        {
            cluster.Change();
        }

        return cluster;
    }

    private static RuleModelSnapshot Several(Service service, int services, int endpoints) =>
        Samples.Model(Enumerable.Range(0, services).Select(number => Numbered(service, number)), SlicesOf(services, endpoints));

    private static Service Numbered(Service service, int number) => service with { Name = new("shop", $"web{number}") };

    private static IEnumerable<EndpointSlice> SlicesOf(int services, int endpoints) =>
        Enumerable.Range(0, services).Select(number => Samples.Slice([.. Enumerable.Range(1, endpoints).Select(host => Samples.Endpoint($"10.244.{number}.{host}"))]) with
        {
            Name = new("shop", $"web{number}-1"),
            ServiceName = $"web{number}",
        });
}
