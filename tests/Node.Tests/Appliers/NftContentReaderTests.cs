using System.Text.Json;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>What is read of the table over netlink is what nft lists.</summary>
[Trait("Category", "Netns")]
public sealed class NftContentReaderTests
{
    [SkippableTheory]
    [InlineData(IpFamily.IPv4, "ip")]
    [InlineData(IpFamily.IPv6, "ip6")]
    public async Task NamesOfOurTableAloneAreRead(IpFamily family, string name)
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        string others = family == IpFamily.IPv4 ? "ip6" : "ip";
        string address = family == IpFamily.IPv4 ? "ipv4_addr" : "ipv6_addr";
        node.Run("nft", $$"""
            table {{name}} other { chain theirs { type filter hook input priority 0; }; set their-set { type {{address}}; }; }
            table {{others}} kube-proxy { chain of-the-other-family { }; }
            table inet kube-proxy { chain of-both-families { }; }
            table {{name}} kube-proxy {
              set cluster-ips { type {{address}}; }
              set affinity-ABC-ns/svc/tcp/http__10.0.0.1/80 { type {{address}}; flags dynamic,timeout; }
              map service-ips { type {{address}} . inet_proto . inet_service : verdict; elements = { {{(family == IpFamily.IPv4 ? "10.0.0.1" : "fd00::1")}} . tcp . 80 : goto service-ABC-ns/svc/tcp/http }; }
              chain service-ABC-ns/svc/tcp/http { {{name}} saddr { {{(family == IpFamily.IPv4 ? "10.0.0.0/8" : "fd00::/8")}} } drop
              }
              chain nat-output { type nat hook output priority -100; tcp dport { 1, 2 } accept
              }
            }
            """, "-f", "-");

        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(node.Runner.Network, family, CancellationToken.None);

        error.Should().BeEmpty();
        content!.BaseChains.AsSpan().ToArray().Should().Equal("nat-output");
        content.RegularChains.AsSpan().ToArray().Should().Equal("service-ABC-ns/svc/tcp/http");
        content.Sets.AsSpan().ToArray().Should().BeEquivalentTo("cluster-ips", "affinity-ABC-ns/svc/tcp/http__10.0.0.1/80");
        content.Maps.AsSpan().ToArray().Should().Equal("service-ips");
    }

    [SkippableFact]
    public async Task WithoutATableThereIsNothing()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");

        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(node.Runner.Network, IpFamily.IPv4, CancellationToken.None);

        error.Should().BeEmpty();
        content.Should().Be(new NftTableContent([], [], [], []));
    }

    /// <summary>More names than fit in one datagram, and others that commit all the time.</summary>
    [SkippableFact]
    public async Task ALargeTableIsReadWholeWhileOthersCommit()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        node.Run("nft", "add table ip kube-proxy\n" + string.Concat(Enumerable.Range(0, 3000).Select(number => $"add chain ip kube-proxy service-{number}\n")), "-f", "-");
        using CancellationTokenSource stop = new();
        Task writer = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                node.Run("nft", "add table ip other\nadd chain ip other c\ndelete table ip other\n", "-f", "-");
            }
        });

        for (int round = 0; round < 20; round++)
        {
            (NftTableContent? content, string error) = await NftContentReader.ReadAsync(node.Runner.Network, IpFamily.IPv4, CancellationToken.None);

            error.Should().BeEmpty();
            content!.RegularChains.Length.Should().Be(3000);
        }

        await stop.CancelAsync();
        await writer;
        Names(node, "chain").Should().HaveCount(3000);
    }

    private static List<string> Names(TestNode node, string kind)
    {
        using JsonDocument listing = JsonDocument.Parse(node.Run("nft", "", "-j", "list", "table", "ip", "kube-proxy"));
        return [.. listing.RootElement.GetProperty("nftables").EnumerateArray().Where(item => item.TryGetProperty(kind, out _)).Select(item => item.GetProperty(kind).GetProperty("name").GetString()!)];
    }
}
