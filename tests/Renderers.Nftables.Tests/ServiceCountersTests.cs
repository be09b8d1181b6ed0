using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests;

/// <summary>Counters of connections are a property of four maps, and of nothing else.</summary>
public sealed class ServiceCountersTests
{
    private static readonly NftablesOptions s_counting = new() { HasServiceCounters = true };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OnlyTheMapsOfFrontendsAreDeclaredOtherwise(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        cluster.ApplyChanges(state, 60);
        RuleModelSnapshot model = RuleModelBuilder.Build(state, Nodes.IPv4, Nodes.IPv6);
        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            string[] without = Render.Full(model[family]);

            string[] with = Render.Full(model[family], s_counting);

            with.Select(line => line.Replace(" counter;", "", StringComparison.Ordinal)).Should().Equal(without);
            with.Where(line => line.Contains("counter", StringComparison.Ordinal)).Select(line => line.Split(' ')[1])
                .Should().BeEquivalentTo("service-ips", "service-nodeports", "no-endpoint-services", "no-endpoint-nodeports");
        }
    }

    /// <summary>As nft 1.0.6 sends it: the attribute follows the user data.</summary>
    [Fact]
    public void TheMessageOfACountingMapHasTheExpression()
    {
        FamilyRules rules = Samples.Model([Samples.Service], []).IPv4;

        string with = Messages(rules, s_counting);

        with.Split("NFTA_SET_EXPR\n").Should().HaveCount(5);
        with.Should().Contain("NFTA_SET_EXPR\n    NFTA_EXPR_NAME \"counter\"\n    NFTA_EXPR_DATA\n");
        Messages(rules, NftablesOptions.Default).Should().NotContain("counter");
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

    private static string Messages(FamilyRules rules, NftablesOptions options)
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(rules, options, batch);
        ArrayBufferWriter<byte> text = new();
        NftBatchText.Write(batch.Messages, text);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
