using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests;

/// <summary>Rules that count connections are those that do not, and what counts besides.</summary>
public sealed partial class ServiceCountersTests
{
    private static readonly NftablesOptions s_counting = new() { HasServiceCounters = true };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WithoutWhatCountsTheTransactionsAreTheSame(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        for (int step = 0; step < 40; step++)
        {
            cluster.ApplyChanges(state, 1 + (step % 5));
            RuleModelChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
            foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
            {
                WithoutCounting(Render.Update(change[family], s_counting)).Should().Equal(Render.Update(change[family]));
            }
        }

        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            WithoutCounting(Render.Full(builder.Current[family], s_counting)).Should().Equal(Render.Full(builder.Current[family]));
        }
    }

    /// <summary>What counts is not seen by a walk, nor by what a rule set is described and compared by.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void TheEffectOnPacketsIsTheSame(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        cluster.ApplyChanges(state, 25);
        RuleModelSnapshot model = RuleModelBuilder.Build(state, Nodes.IPv4, Nodes.IPv6);
        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            Ruleset with = Rulesets.NftablesText(string.Join('\n', Render.Full(model[family], s_counting)) + "\n", family);
            Ruleset without = Rulesets.NftablesText(string.Join('\n', Render.Full(model[family])) + "\n", family);

            (IReadOnlyList<string> counted, IReadOnlyList<string> plain) = Rulesets.DescribeBoth(with, without, [.. Nodes.Addresses]);

            counted.Should().NotBeEmpty().And.Equal(plain);
            ComparisonFindings findings = new RulesetComparison(with, without, [.. Nodes.Addresses]).Compare();
            findings.Differences.Should().BeEmpty();
            findings.Undecided.Should().Be(0);
        }
    }

    /// <summary>Each place that decides what happens to a connection has one rule that counts.</summary>
    [Fact]
    public void ChainsCountOnceBeforeTheyDecide()
    {
        Service local = Samples.LoadBalancer with { ExternalTrafficPolicy = "Local", LoadBalancerSourceRanges = ["192.0.2.0/24"] };
        Service sticky = Samples.LoadBalancer with { Name = new("shop", "sticky"), ClusterIP = "10.96.0.11", ClusterIPs = ["10.96.0.11"], Ports = [new ServicePort { Name = "http", Port = 80 }], Type = "ClusterIP", SessionAffinity = "ClientIP", LoadBalancerIngress = [], ExternalIPs = [] };
        EndpointSlice slice = Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local"), Samples.Endpoint("10.244.2.5"));
        EndpointSlice stickySlice = slice with { Name = new("shop", "sticky-1"), ServiceName = "sticky" };

        string[] rules = Render.Full(Samples.Model([local, sticky], [slice, stickySlice]).IPv4, s_counting);

        string[] counting = [.. rules.Where(static line => line.Contains("update @counted-", StringComparison.Ordinal)).Select(static line => line.Replace("{ ip daddr . meta l4proto . th dport }", "K", StringComparison.Ordinal))];
        counting.Should().Contain("add rule ip kube-proxy cluster-2 update @counted-cluster K")
            .And.Contain("add rule ip kube-proxy external-local-2-1 update @counted-local K")
            .And.Contain("add rule ip kube-proxy nodeport-cluster-2 update @counted-cluster K")
            .And.Contain("add rule ip kube-proxy nodeport-local-2-1 update @counted-local K")
            .And.ContainSingle(static line => line.Contains(" firewall-", StringComparison.Ordinal) && line.EndsWith(" update @counted-source-ranges K", StringComparison.Ordinal))
            .And.ContainSingle(static line => line.Contains(" service-", StringComparison.Ordinal) && line.EndsWith(" update @counted-cluster K", StringComparison.Ordinal))
            .And.OnlyHaveUniqueItems();
    }

    /// <summary>As nft 1.0.6 sends it: the attribute follows the user data.</summary>
    [Fact]
    public void TheMessageOfACountingSetHasTheExpression()
    {
        FamilyRules rules = Samples.Model([Samples.Service], []).IPv4;

        string with = Messages(rules, s_counting);

        with.Split("NFTA_SET_EXPR\n").Should().HaveCount(1 + CountingSets.All.Length);
        with.Should().Contain("NFTA_SET_EXPR\n    NFTA_EXPR_NAME \"counter\"\n    NFTA_EXPR_DATA\n");
        Messages(rules, NftablesOptions.Default).Should().NotContain("counter").And.NotContain("counted");
    }

    /// <summary>Of elements that are not there the kernel refuses the removal, so each is added first.</summary>
    [Fact]
    public void ElementsAreRemovedWhetherTheyAreThereOrNot()
    {
        CountedKey one = new(IpAddress.Parse("10.96.0.10"), TransportProtocol.Tcp, 80);
        CountedKey two = new(IpAddress.Parse("192.0.2.10"), TransportProtocol.Udp, 30053);
        ArrayBufferWriter<byte> text = new();

        NftablesRenderer.WriteCounterCleanUp(IpFamily.IPv4, [new("counted-cluster", one), new("counted-cluster", two), new("counted-refused", two)], text);

        Encoding.UTF8.GetString(text.WrittenSpan).Should().Be(
            """
            add element ip kube-proxy counted-cluster { 10.96.0.10 . tcp . 80, 192.0.2.10 . udp . 30053 }
            delete element ip kube-proxy counted-cluster { 10.96.0.10 . tcp . 80, 192.0.2.10 . udp . 30053 }
            add element ip kube-proxy counted-refused { 192.0.2.10 . udp . 30053 }
            delete element ip kube-proxy counted-refused { 192.0.2.10 . udp . 30053 }

            """);
    }

    /// <summary>A map that counts before its first element, and one that has counted; elements of both are read as those of any map.</summary>
    [Theory]
    [InlineData("counter packets 3 bytes 180 comment \"shop/web:http\"")]
    [InlineData("counter packets 0 bytes 0")]
    [InlineData("counter")]
    [InlineData("counter comment \"counter packets 1\"")]
    public void ElementsWithCountersAreReadAsThoseWithout(string options)
    {
        const string Listing =
            """
            table ip kube-proxy {
            	map service-ips {
            		typeof ip daddr . meta l4proto . th dport : verdict
            		COUNTER
            		elements = { 10.96.0.1 . tcp . 443 OPTIONS : goto cluster-1,
            			     10.96.0.10 . udp . 53 OPTIONS : drop }
            	}
            	chain cluster-1 {
            	}
            	chain services {
            		type nat hook prerouting priority dstnat; policy accept;
            		ip daddr . meta l4proto . th dport vmap @service-ips
            	}
            }

            """;
        string counted = Listing.Replace("COUNTER", "counter", StringComparison.Ordinal).Replace("OPTIONS", options, StringComparison.Ordinal);
        string plain = Listing.Replace("COUNTER", "", StringComparison.Ordinal).Replace("OPTIONS ", "", StringComparison.Ordinal);

        IReadOnlyList<string> read = RuleLines.Of(Rulesets.NftablesText(counted, IpFamily.IPv4));

        read.Should().Equal(RuleLines.Of(Rulesets.NftablesText(plain, IpFamily.IPv4)));
    }

    /// <summary>The forms of nft 1.0.6: "stmt" of the map, and the counter beside the comment of the element.</summary>
    [Fact]
    public void JsonWithCountersIsReadAsWithout()
    {
        const string Json =
            """
            {"nftables": [{"table": {"family": "ip", "name": "kube-proxy", "handle": 1}},
            {"map": {"family": "ip", "name": "service-ips", "table": "kube-proxy", "type": ["ipv4_addr", "inet_proto", "inet_service"], "handle": 2, "map": "verdict",
            "elem": [[{"elem": {"val": {"concat": ["10.96.0.1", "tcp", 443]}, "comment": "shop/web:http", "counter": {"packets": 3, "bytes": 180}}}, {"drop": null}]],
            "stmt": [{"counter": null}]}},
            {"chain": {"family": "ip", "table": "kube-proxy", "name": "services", "handle": 3, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}},
            {"rule": {"family": "ip", "table": "kube-proxy", "chain": "services", "handle": 4, "expr": [{"vmap": {"key": {"concat": [
            {"payload": {"protocol": "ip", "field": "daddr"}}, {"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]}, "data": "@service-ips"}}]}}]}
            """;
        string plain = Json
            .Replace(", \"counter\": {\"packets\": 3, \"bytes\": 180}", "", StringComparison.Ordinal)
            .Replace(",\n\"stmt\": [{\"counter\": null}]", "", StringComparison.Ordinal);
        plain.Should().NotContain("counter");

        IReadOnlyList<string> read = RuleLines.Of(Rulesets.Nftables(Json, IpFamily.IPv4));

        read.Should().Equal(RuleLines.Of(Rulesets.Nftables(plain, IpFamily.IPv4))).And.Contain(line => line.Contains("10.96.0.1", StringComparison.Ordinal));
    }

    /// <summary>Takes out what counts: sets, rules, and the chain that only counts before it drops.</summary>
    private static IEnumerable<string> WithoutCounting(IEnumerable<string> lines) =>
        lines.Where(static line => !line.StartsWith("set counted-", StringComparison.Ordinal) && !line.StartsWith("chain drop-chain", StringComparison.Ordinal))
            .Select(static line => CountingStatement().Replace(line, static match => match.Index == 0 ? NoRule : "").Replace(" : goto drop-chain", " : drop", StringComparison.Ordinal))
            .Where(static line => !line.EndsWith(NoRule, StringComparison.Ordinal));

    /// <summary>What is left of a command whose rule only counts.</summary>
    private const string NoRule = "#";

    [GeneratedRegex("^add rule .* update @counted-.*$|(?<= )update @counted-[a-z-]+ \\{[^}]*\\}; ", RegexOptions.None, 1000)]
    private static partial Regex CountingStatement();

    private static string Messages(FamilyRules rules, NftablesOptions options)
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(rules, options, batch);
        ArrayBufferWriter<byte> text = new();
        NftBatchText.Write(batch.Messages, text);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
