using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>Services that the real kernel refuses, each for a fault in what it is sent: it names them, and the others are written.</summary>
[Trait("Category", "Netns")]
public sealed class NftRefusedServicesTests
{
    private const int Count = 120;

    /// <summary>Many Services share a message, of whose elements the kernel names the first that is wrong.</summary>
    [SkippableTheory]
    [InlineData(1, false)]
    [InlineData(7, false)]
    [InlineData(Count, false)]
    [InlineData(1, true)]
    [InlineData(7, true)]
    [InlineData(Count, true)]
    public async Task AllThatAreRefusedAreNamed(int refused, bool isUpdate)
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using SpoilingConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        RuleModelSnapshot none = Samples.Model([], []);
        RuleModelSnapshot all = Samples.Model([.. Enumerable.Range(0, Count).Select(Numbered)], [.. Enumerable.Range(0, Count).Select(static number => SliceOf(number))]);
        (await writer.WriteFullAsync(none.IPv4, default)).Should().Be(ApplyResult.Applied);
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);
        Service[] bad = [.. Enumerable.Range(0, refused).Select(index => Numbered(index * Count / refused))];
        for (int index = 0; index < refused; index++)
        {
            if (index % 2 == 0)
            {
                connection.SpoilChainOf(bad[index].ClusterIP);
            }
            else
            {
                connection.SpoilEndpointsOf(bad[index].ClusterIP);
            }
        }

        int sent = connection.Sent;
        ApplyResult result = isUpdate
            ? await writer.WriteUpdateAsync(RuleModelBuilder.Compare(none, all).IPv4, default)
            : await writer.WriteFullAsync(all.IPv4, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.RefusesShared.Should().BeFalse();
        result.RefusedServices!.Select(static service => service.Name).Should().BeEquivalentTo(bad.Select(static service => service.Name));
        for (int index = 0; index < refused; index++)
        {
            result.RefusedServices!.Single(service => service.Name == bad[index].Name).Error.Should().Be(index % 2 == 0
                ? $"No such file or directory (errno 2): add element ip kube-proxy service-ips {{ {bad[index].ClusterIP} . tcp . 80 }}"
                : $"Invalid argument (errno 22): add element ip kube-proxy tcp-endpoints {{ {bad[index].ClusterIP} . 80 . 0 }}");
        }

        (connection.Sent - sent).Should().Be(2, "the second time in messages of single Services");
        node.NftTable(IpFamily.IPv4).Should().Equal(before);
    }

    [SkippableFact]
    public async Task RulesInAChainOfAServiceAreItsOwn()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using SpoilingConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        Service affine = Numbered(3) with { SessionAffinity = "ClientIP" };
        connection.Spoil("dynset", "dynzet");

        ApplyResult result = await writer.WriteFullAsync(Samples.Model([Numbered(1), affine], [SliceOf(1), SliceOf(3)]).IPv4, default);

        result.RefusedServices!.Select(static service => service.Name).Should().Equal(affine.Name);
        result.RefusedServices![0].Error.Should().StartWith("No such file or directory (errno 2): add rule ip kube-proxy endpoint-").And.EndWith("-shop/s3/tcp/http__10.244.3.1/8080");
        result.RefusesShared.Should().BeFalse();
    }

    /// <summary>Nobody's fault, though elements of a Service are refused with it.</summary>
    [SkippableFact]
    public async Task WhatAllShareBelongsToNoService()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using SpoilingConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        connection.Spoil("numgen", "numgem");
        connection.SpoilChainOf(Numbered(1).ClusterIP);

        ApplyResult result = await writer.WriteFullAsync(Samples.Model([Numbered(1)], [SliceOf(1)]).IPv4, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.RefusesShared.Should().BeTrue();
        result.RefusedServices!.Select(static service => service.Name).Should().Equal(Numbered(1).Name);
    }

    /// <summary>What somebody else took away cannot be deleted: the table is not what it is thought to be.</summary>
    [SkippableFact]
    public async Task ARefusedDeletionBelongsToNoService()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(IpFamily.IPv4);
        RuleModelSnapshot two = Samples.Model([Numbered(1), Numbered(2)], [SliceOf(1), SliceOf(2)]);
        RuleModelSnapshot one = Samples.Model([Numbered(1)], [SliceOf(1)]);
        (await writer.WriteFullAsync(two.IPv4, default)).Should().Be(ApplyResult.Applied);
        node.Run("nft", $"delete element ip kube-proxy tcp-endpoints {{ {Numbered(2).ClusterIP} . 80 . 1 }}\n", "-f", "-");

        ApplyResult result = await writer.WriteUpdateAsync(RuleModelBuilder.Compare(two, one).IPv4, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Contain($"delete element ip kube-proxy tcp-endpoints {{ {Numbered(2).ClusterIP} . 80 . ");
        result.RefusesShared.Should().BeTrue();
        result.RefusedServices.Should().BeEmpty();
    }

    /// <summary>The whole sync with the real kernel: left out, named, and back when they are no longer refused.</summary>
    [SkippableFact]
    public async Task OthersAreWrittenAtOnce()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using SpoilingConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        await using Loop loop = new(node, writer);
        connection.SpoilChainOf(Numbered(5).ClusterIP);
        connection.SpoilEndpointsOf(Numbered(60).ClusterIP);

        // At the start.
        int[] good = [.. Enumerable.Range(0, Count).Where(static number => number is not (5 or 60))];
        await loop.StartAsync(Enumerable.Range(0, Count).Select(Numbered), Enumerable.Range(0, Count).Select(static number => SliceOf(number)));
        await loop.UntilServedAsync(good);
        loop.Named.Should().BeEquivalentTo("shop/s5", "shop/s60");
        connection.Sent.Should().Be(3);

        // By an update of others, of one of those and of a third one.
        connection.SpoilChainOf(Numbered(8).ClusterIP);
        loop.Put(SliceOf(5), SliceOf(8, 4), SliceOf(9, 4));
        await loop.UntilServedAsync([.. good.Where(static number => number != 8)]);
        loop.Named.Should().BeEquivalentTo("shop/s5", "shop/s60", "shop/s8");

        // Others deleted what an update builds on.
        node.Run("nft", $"delete element ip kube-proxy tcp-endpoints {{ {Numbered(20).ClusterIP} . 80 . 1 }}\n", "-f", "-");
        loop.Put(SliceOf(20, 1), SliceOf(21, 4));
        await loop.UntilServedAsync([.. good.Where(static number => number != 8)]);
        await loop.UntilAsync(() => loop.Observer.Told.Contains("IPv4 base doubted"), "the deletion is noticed");

        // The fault is gone.
        connection.Heal();
        loop.Put(SliceOf(5, 4), SliceOf(60, 4), SliceOf(8, 5));
        await loop.UntilServedAsync([.. Enumerable.Range(0, Count)]);
        loop.Named.Should().HaveCount(3);
        await loop.StopAsync();
        using TestNode other = TestNode.CreateOrSkip("nft");
        (await other.Nftables(IpFamily.IPv4).ApplyFullAsync(loop.Rules, default)).Should().Be(ApplyResult.Applied);
        Elements(node).Should().Equal(Elements(other));
    }

    private static string[] Elements(TestNode node) => [.. node.NftTable(IpFamily.IPv4).Where(static line => !line.StartsWith("chain ", StringComparison.Ordinal))];

    private static Service Numbered(int number)
    {
        string address = $"10.96.0.{number + 1}";
        return Samples.Service with { Name = new("shop", $"s{number}"), ClusterIP = address, ClusterIPs = [address] };
    }

    private static EndpointSlice SliceOf(int number, int endpoints = 3) =>
        Samples.Slice([.. Enumerable.Range(1, endpoints).Select(endpoint => Samples.Endpoint($"10.244.{number}.{endpoint}"))]) with { Name = new("shop", $"s{number}-1"), ServiceName = $"s{number}" };

    /// <summary>A running loop whose IPv4 rules a given writer writes.</summary>
    private sealed class Loop : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SyncLoop _loop;
        private readonly TestNode _node;
        private Task _running = Task.CompletedTask;

        public Loop(TestNode node, NftNetlinkWriter writer)
        {
            _node = node;
            NftablesApplier applier = new(IpFamily.IPv4, writer, node.Runner.Network, NftablesOptions.Default, TimeProvider.System, NullLogger.Instance);
            _loop = new(Nodes.Proxy, static () => [.. Nodes.Addresses], [applier], new SyncPolicy { MinInterval = TimeSpan.Zero, FirstRetry = TimeSpan.FromMilliseconds(10) }, Observer, TimeProvider.System);
        }

        public RecordingObserver Observer { get; } = new();

        public FamilyRules Rules => _loop.Current.IPv4;

        public IEnumerable<string> Named => Observer.Told.Where(static told => told.StartsWith("IPv4 quarantined ", StringComparison.Ordinal)).Select(static told => told.Split(' ')[2].TrimEnd(':')).Distinct();

        public async Task StartAsync(IEnumerable<Service> services, IEnumerable<EndpointSlice> slices)
        {
            foreach (Service service in services)
            {
                _loop.Feed.Services.Put(service);
            }

            Put([.. slices]);
            _loop.Feed.Nodes.Put(Nodes.NodeA);
            _loop.Feed.Services.Listed();
            _loop.Feed.EndpointSlices.Listed();
            _loop.Feed.Nodes.Listed();
            _running = _loop.RunAsync(_stop.Token);
            await _loop.Listed;
        }

        public void Put(params EndpointSlice[] slices)
        {
            lock (_loop.Feed.BatchLock)
            {
                Array.ForEach(slices, _loop.Feed.EndpointSlices.Put);
            }
        }

        /// <summary>Waits until the kernel has the frontends of these Services, and of no others.</summary>
        public Task UntilServedAsync(int[] numbers)
        {
            string[] expected = [.. numbers.Select(static number => Numbered(number).ClusterIP).Order(StringComparer.Ordinal)];
            return UntilAsync(() => Served().SequenceEqual(expected), "the kernel has the Services");
        }

        public async Task UntilAsync(Func<bool> condition, string what)
        {
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
            while (!condition())
            {
                _running.IsFaulted.Should().BeFalse(what);
                limit.IsCancellationRequested.Should().BeFalse(what);
                await Task.Delay(20, CancellationToken.None);
            }
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private string[] Served() =>
            [.. _node.NftTable(IpFamily.IPv4).Where(static line => line.StartsWith("elem service-ips ", StringComparison.Ordinal))
                .SelectMany(static line => line.Split('"')).Where(static word => word.StartsWith("10.96.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }
}
