using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Flows;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Flows;

/// <summary>A clean-up that fails is tried again, sooner after changes, and hurts nothing else.</summary>
public sealed class ConntrackReconcilerRetryTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(100);

    private readonly ManualTimeProvider _time = new();
    private readonly ProxyMetrics _metrics = Scrape.NewMetrics();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<DateTimeOffset> _attempts = [];
    private readonly ConntrackReconciler _flows;
    private Exception _error = new NetlinkException(NetlinkFailure.Refused, "no");
    private Task _running = Task.CompletedTask;

    public ConntrackReconcilerRetryTests()
    {
        _flows = new(new(null), countsFlows: false, Open, static () => [], _metrics, NullLogger.Instance, _time);
    }

    public Task InitializeAsync()
    {
        _running = _flows.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public void Dispose()
    {
        _flows.Dispose();
        _stop.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheWaitsDoubleWhateverTheError(bool isUnforeseen)
    {
        _error = isUnforeseen ? new InvalidOperationException("nobody thought of it") : _error;
        _flows.Synced(Sync("10.244.1.5"));

        await AdvanceUntilAsync(() => Count() >= 6);

        lock (_attempts)
        {
            _attempts.Zip(_attempts.Skip(1), static (before, after) => Math.Round((after - before).TotalSeconds)).Take(5).Should().Equal(1, 2, 4, 8, 16);
        }
    }

    [Fact]
    public async Task ASyncEndsTheWait()
    {
        _flows.Synced(Sync("10.244.1.5"));
        await AdvanceUntilAsync(() => Count() >= 9);
        DateTimeOffset last = _time.GetUtcNow();

        _flows.Synced(Sync("10.244.1.6"));
        await AdvanceUntilAsync(() => Count() >= 10);

        (_time.GetUtcNow() - last).Should().BeLessThan(TimeSpan.FromSeconds(5), "the wait had grown to minutes");
    }

    /// <summary>Moves the clock only while the clean-up waits for it: a pass has a thread of its own.</summary>
    private async Task AdvanceUntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            if (_time.HasTimers)
            {
                _time.Advance(s_step);
            }

            await Task.Yield();
            bound.Token.ThrowIfCancellationRequested();
        }
    }

    private static SyncReport Sync(string endpoint)
    {
        RuleModelSnapshot model = Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint(endpoint))]);
        return new() { Family = IpFamily.IPv4, IsFull = true, Duration = TimeSpan.Zero, ChangesTaken = 0, Result = ApplyResult.Applied, Rules = model[IpFamily.IPv4], Services = null, TriggerTimes = [] };
    }

    private ConntrackTable Open()
    {
        lock (_attempts)
        {
            _attempts.Add(_time.GetUtcNow());
        }

        throw _error;
    }

    private int Count()
    {
        lock (_attempts)
        {
            return _attempts.Count;
        }
    }
}
