using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>
/// A day of changes at full speed, through the real loop and the real nft: in the end the kernel has what a fresh load has,
/// and nothing has piled up. KPS_CHANGES sets the number; 100000 is a day on a busy cluster.
/// </summary>
[Collection(AloneCollection.Name)]
[Trait("Category", "Netns")]
public sealed class ManyChangesTests(ITestOutputHelper output)
{
    private const int Size = 200;
    private static readonly IpFamily[] s_families = [IpFamily.IPv4, IpFamily.IPv6];
    private static readonly int s_changes = int.Parse(Environment.GetEnvironmentVariable("KPS_CHANGES") ?? "2500", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task AfterManyChangesTheKernelHasWhatAFreshLoadHasAndNoMemoryIsLost()
    {
        using Appliers.TestNode node = Appliers.TestNode.CreateOrSkip("nft");
        ProxyMetrics metrics = new(new ProxyMetricsOptions { Mode = "nftables", FeatureGates = [] }, TimeProvider.System, NullLogger.Instance);
        TroubleLog trouble = new();
        ProxyHealth health = new(TimeSpan.FromSeconds(30), TimeProvider.System);
        HealthPorts ports = new(new Dictionary<IpFamily, Proxy.Observability.Serving.ServiceHealthServer>(), TimeProvider.System);
        SyncReporting reporting = new(s_families, "nftables", RandomCluster.NodeName, metrics, health, new Proxy.Observability.Status.StatusRecorder(TimeProvider.System), ports, static (_, _, _, _, _) => { }, new HeapCompactor(static () => { }, TimeProvider.System), static _ => { }, static _ => { }, trouble, TimeProvider.System);
        SyncLoop loop = new(Nodes.Proxy, static () => [.. Nodes.Addresses], s_families.Select(family => new NftablesApplier(family, new NftProgramWriter(family, node.Runner, NftablesOptions.Default), node.Runner.Network, NftablesOptions.Default, TimeProvider.System, trouble)), new SyncPolicy { MinInterval = TimeSpan.Zero }, reporting, TimeProvider.System);
        foreach (Action listed in (Action[])[loop.Feed.Services.Listed, loop.Feed.EndpointSlices.Listed, loop.Feed.Nodes.Listed, loop.Feed.ServiceCidrs.Listed])
        {
            listed();
        }

        using CancellationTokenSource stop = new();
        Task running = loop.RunAsync(stop.Token);
        SteadyCluster cluster = new(11, Size);
        Random random = new(12);
        await ChangeAsync(Math.Max(1500, s_changes / 20));
        Service[] services = [.. cluster.Services];
        EndpointSlice[] slices = [.. cluster.Slices];
        await SettleAsync();
        (long managed, long resident) = Memory();

        long start = Stopwatch.GetTimestamp();
        int syncs = await ChangeAsync(s_changes);
        TimeSpan duration = Stopwatch.GetElapsedTime(start);

        await SettleAsync();
        (long managedAfter, long residentAfter) = Memory();
        output.WriteLine(FormattableString.Invariant($"{s_changes} changes in {syncs} batches, {duration.TotalSeconds:f1} s; managed {managed / 1e6:f2} -> {managedAfter / 1e6:f2} MB, resident {resident / 1e6:f1} -> {residentAfter / 1e6:f1} MB"));
        foreach (IpFamily family in s_families)
        {
            await AssertEqualsFreshLoadAsync(node, loop, family);
        }

        trouble.Lines.Should().BeEmpty("no update should need a full sync to make it good");
        managedAfter.Should().BeLessThan(managed * 11 / 10);
        residentAfter.Should().BeLessThan(resident * 11 / 10);
        await stop.CancelAsync();
        await running;

        async Task<int> ChangeAsync(int count)
        {
            int batches = 0;
            while (count > 0)
            {
                int batch = Math.Min(count, random.Next(1, 60));
                count -= batch;
                for (; batch > 0; batch--)
                {
                    cluster.Change(loop.Feed);
                }

                batches++;
                await RestAsync();
            }

            return batches;
        }

        // Back to the same cluster, which is one large change more, and nothing of what was before it, in both measurements.
        async Task SettleAsync()
        {
            cluster.Restore(services, slices, loop.Feed);
            await RestAsync();
            await ChangeLittleAsync();
        }

        // Chains that are no longer needed wait for a sync that comes at least this much later.
        async Task ChangeLittleAsync()
        {
            await Task.Delay(StaleChainMemory.Wait + TimeSpan.FromMilliseconds(500), TimeProvider.System, CancellationToken.None);
            cluster.ChangeLittle(loop.Feed);
            await RestAsync();
        }

        // Until the next batch can be taken: the one before may still be on its way into the kernel, as in life.
        async Task RestAsync() => (await Eventually.IsTrueAsync(() => running.IsCompleted || loop.Feed.Services.Count + loop.Feed.EndpointSlices.Count == 0, 60)).Should().BeTrue();
    }

    private static async Task AssertEqualsFreshLoadAsync(Appliers.TestNode node, SyncLoop loop, IpFamily family)
    {
        using Appliers.TestNode fresh = Appliers.TestNode.CreateOrSkip("nft");
        IReadOnlyList<string> expected = [];
        IReadOnlyList<string> actual = [];
        bool isEqual = await Eventually.IsTrueAsync(
            () =>
            {
                fresh.Nftables(family).ApplyFullAsync(loop.Current[family], default).GetAwaiter().GetResult().Should().Be(ApplyResult.Applied);
                expected = fresh.NftTable(family);
                actual = node.NftTable(family);
                return actual.SequenceEqual(expected);
            },
            20);
        isEqual.Should().BeTrue(TextDiff.Describe(expected, actual));
    }

    private static (long Managed, long Resident) Memory()
    {
        for (int round = 0; round < 3; round++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using Process self = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64);
    }
}
