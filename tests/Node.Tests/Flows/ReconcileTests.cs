using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Node.Tests.Conntrack;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Flows;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Flows;

/// <summary>Passes that no sync asks for, in the real table and with a clock that is moved.</summary>
[Trait("Category", "Netns")]
public sealed class ReconcileTests : IDisposable
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(10);

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose() => _stop.Dispose();

    [SkippableFact]
    public async Task WhatNoSyncTellsOfIsFoundMinutesLater()
    {
        FlowLab.SkipUnlessPossible();
        using LabNamespace network = LabNamespace.Create("reconcile");
        using ConntrackTable table = network.Inside(ConntrackTable.Open);
        ProxyMetrics metrics = Metrics();
        using ConntrackReconciler keeper = Keeper(() => network.Inside(ConntrackTable.Open), metrics);
        Fill(network);
        keeper.Synced(Report());
        Task run = keeper.RunAsync(_stop.Token);
        await _time.AdvanceUntilAsync(() => table.ReadSize().Entries == 0, TimeSpan.FromMilliseconds(1));
        DateTimeOffset start = _time.GetUtcNow();

        Fill(network);
        await _time.AdvanceUntilAsync(() => table.ReadSize().Entries == 0, s_step);

        (_time.GetUtcNow() - start).Should().BeGreaterThan(ConntrackReconciler.ReconcileInterval - s_step);
        await EndAsync(run);
    }

    /// <summary>A node whose conntrack cannot be used has its rules all the same, and its flows looked at once it can.</summary>
    [SkippableFact]
    public async Task AFailureIsFollowedByAnotherTry()
    {
        FlowLab.SkipUnlessPossible();
        using LabNamespace network = LabNamespace.Create("reconcile");
        using ConntrackTable table = network.Inside(ConntrackTable.Open);
        ProxyMetrics metrics = Metrics();
        int tries = 0;
        using ConntrackReconciler keeper = Keeper(
            () => ++tries == 1 ? throw new NetlinkException(NetlinkFailure.NotSupported, "not yet") : network.Inside(ConntrackTable.Open),
            metrics);
        Fill(network);
        keeper.Synced(Report());
        Task run = keeper.RunAsync(_stop.Token);

        await _time.AdvanceUntilAsync(() => table.ReadSize().Entries == 0, s_step);

        tries.Should().Be(2);
        await EndAsync(run);
    }

    private static void Fill(LabNamespace network) => network.Inside(() => MixedTable.FillUdp("10.96.0.10:53", "10.244.1.9:53", 10));

    private static ProxyMetrics Metrics() => new(new ProxyMetricsOptions { Mode = ProxyMode.Nftables }, TimeProvider.System, NullLogger.Instance);

    private ConntrackReconciler Keeper(Func<ConntrackTable> open, ProxyMetrics metrics) =>
        new(TcpFlowPolicy.Keep, countsFlows: false, open, () => [], metrics, NullLogger.Instance, _time);

    private async Task EndAsync(Task run)
    {
        await _stop.CancelAsync();
        await run;
    }

    private static SyncReport Report()
    {
        Service service = Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 53, Protocol = "UDP" }] };
        EndpointSlice slice = Samples.Slice(Samples.Endpoint("10.244.1.5")) with { Ports = [new SlicePort("http", TransportProtocol.Udp, 53)] };
        return new()
        {
            Family = IpFamily.IPv4,
            IsFull = true,
            Duration = TimeSpan.Zero,
            Result = ApplyResult.Applied,
            Rules = Samples.Model([service], [slice]).IPv4,
            Services = null,
            TriggerTimes = [],
            ChangesTaken = 0,
        };
    }
}
