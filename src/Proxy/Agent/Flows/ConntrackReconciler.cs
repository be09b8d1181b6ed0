using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Flows;

/// <summary>
/// Keeps the flows of the node in step with its rules (spec 8.2): after each sync that can have made flows stale, and every
/// few minutes for whatever was missed. Syncs never wait for it; those that come while it works are one for it.
/// </summary>
internal sealed partial class ConntrackReconciler : IDisposable
{
    /// <summary>How often a pass is made without a reason, and the longest wait after a failure.</summary>
    public static readonly TimeSpan ReconcileInterval = TimeSpan.FromMinutes(5);

    /// <summary>Passes take a quarter of the time at most, however often rules change ...</summary>
    private const int RestFactor = 3;

    /// <summary>... and a rest is never longer than this.</summary>
    private static readonly TimeSpan s_longestRest = TimeSpan.FromSeconds(10);

    /// <summary>The wait after the first failure, which doubles with each; a sync that can have made flows stale ends it, but never within this time.</summary>
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);

    private readonly PendingRules _pending;
    private readonly TcpGracePeriod? _tcp;
    private readonly ConntrackPass _pass;
    private readonly WakeSignal _wake;
    private readonly Func<IReadOnlyList<IpAddress>> _readLocalAddresses;
    private readonly ProxyMetrics _metrics;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private string? _reportedFailure;
    private int _failures;

    /// <summary>Prepares the reconciler; nothing is opened yet.</summary>
    /// <param name="tcpFlows">What happens to TCP connections.</param>
    /// <param name="countsFlows">Whether the flows of Services are counted for the metrics.</param>
    /// <param name="open">Opens the conntrack table.</param>
    /// <param name="readLocalAddresses">Reads the addresses on the node's interfaces.</param>
    /// <param name="metrics">Where each pass is counted.</param>
    /// <param name="log">Where failures and deletions are logged.</param>
    /// <param name="time">Measures passes and waits.</param>
    public ConntrackReconciler(
        TcpFlowPolicy tcpFlows,
        bool countsFlows,
        Func<ConntrackTable> open,
        Func<IReadOnlyList<IpAddress>> readLocalAddresses,
        ProxyMetrics metrics,
        ILogger log,
        TimeProvider time)
    {
        _pending = new(includesTcp: tcpFlows.CloseAfter is not null);
        _tcp = tcpFlows.CloseAfter is { } after ? new TcpGracePeriod(after, time) : null;
        _pass = new(open, _pending, _tcp, countsFlows, time);
        _wake = new(time);
        _readLocalAddresses = readLocalAddresses;
        _metrics = metrics;
        _log = log;
        _time = time;
    }

    /// <summary>A sync succeeded. Called from any thread.</summary>
    public void Synced(SyncReport report)
    {
        if (_pending.Note(report))
        {
            _wake.Set();
        }
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(Wait(), stop);
                TimeSpan rest = await PassAsync(stop);
                await Task.Delay(rest, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pass.Dispose();

    private TimeSpan Wait()
    {
        if (_failures != 0)
        {
            return RetryDelay() - s_firstRetry;
        }

        DateTimeOffset now = _time.GetUtcNow();
        return _tcp is { } tcp && tcp.NextDue < now + ReconcileInterval
            ? (tcp.NextDue > now ? tcp.NextDue - now : TimeSpan.Zero)
            : ReconcileInterval;
    }

    /// <summary>On a thread of its own: a pass waits in the kernel, and the pool has few threads on a small node.</summary>
    private Task<TimeSpan> PassAsync(CancellationToken stop) =>
        Task.Factory.StartNew(() => Pass(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Makes a pass, and returns how long to rest after it.</summary>
    private TimeSpan Pass(CancellationToken stop)
    {
        try
        {
            if (_pass.Run(_readLocalAddresses(), stop) is { } result)
            {
                Report(result);
                _failures = 0;
                TimeSpan rest = RestFactor * result.Duration;
                return rest < s_longestRest ? rest : s_longestRest;
            }

            return TimeSpan.Zero;
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // Whatever it is: rules do not depend on it, and the next pass may go well.
            _failures++;
            ReportUnfinished();
            if (_reportedFailure != e.Message)
            {
                _reportedFailure = e.Message;
                LogFailed(e.Message, e is NetlinkException ? null : e);
            }

            // A table that is opened later may be in a better state.
            _pass.CloseTable();
            return s_firstRetry;
        }
    }

    private TimeSpan RetryDelay()
    {
        TimeSpan delay = s_firstRetry * Math.Pow(2, Math.Min(_failures - 1, 20));
        return delay < ReconcileInterval ? delay : ReconcileInterval;
    }

    /// <summary>What a pass deleted before it failed is gone all the same.</summary>
    private void ReportUnfinished()
    {
        _metrics.Flows.Failed(_pass.Unfinished);
        if (_pass.Unfinished is not null)
        {
            _metrics.Conntrack.Deleted(IpFamily.IPv4, _pass.DeletedOf(IpFamily.IPv4));
            _metrics.Conntrack.Deleted(IpFamily.IPv6, _pass.DeletedOf(IpFamily.IPv6));
        }
    }

    private void Report(FlowCleanUpResult result)
    {
        if (_reportedFailure is not null)
        {
            _reportedFailure = null;
            LogRecovered();
        }

        _metrics.Flows.Passed(result);
        foreach (IpFamily family in (ReadOnlySpan<IpFamily>)[IpFamily.IPv4, IpFamily.IPv6])
        {
            if (_pending.IsSynced(family))
            {
                _metrics.Conntrack.Reconciled(family, result.Duration, _pass.DeletedOf(family));
            }
        }

        if (result.Failed != 0)
        {
            LogNotDeleted(result.Failed, result.FirstFailure ?? "");
        }

        if (result.IsComplete)
        {
            _metrics.Flows.Counted(_pass.Largest(FlowMetrics.MaximumServices));
        }
        else
        {
            LogIncomplete();
        }

        if (result.Deleted.Total != 0 || _log.IsEnabled(LogLevel.Debug))
        {
            LogPassed(result.Deleted.Total, result.Examined, result.Duration.TotalMilliseconds);
        }

        _metrics.Flows.Sized(_pass.ReadSize());
    }

    [LoggerMessage(EventId = 4400, Level = LogLevel.Information, Message = "Removed {Deleted} stale flows of {Examined} in {Milliseconds} ms")]
    private partial void LogPassed(long deleted, long examined, double milliseconds);

    [LoggerMessage(EventId = 4401, Level = LogLevel.Warning, Message = "Stale flows cannot be removed, so clients may go on talking to endpoints that are gone; it is tried again, at longer and longer intervals up to five minutes and after changes: {Error}")]
    private partial void LogFailed(string error, Exception? exception);

    [LoggerMessage(EventId = 4402, Level = LogLevel.Information, Message = "Stale flows can be removed again")]
    private partial void LogRecovered();

    [LoggerMessage(EventId = 4403, Level = LogLevel.Warning, Message = "The kernel kept {Count} stale flows; they are tried again at the next pass: {Error}")]
    private partial void LogNotDeleted(long count, string error);

    [LoggerMessage(EventId = 4404, Level = LogLevel.Debug, Message = "The kernel interrupted the listing of flows each time; what was missed is seen at the next pass")]
    private partial void LogIncomplete();
}
