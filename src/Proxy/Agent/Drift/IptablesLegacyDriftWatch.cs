using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Drift.Interop;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Compares the sizes of the tables of iptables-legacy once a second with what our last apply left: the kernel sends
/// no messages about changes. A difference alone is no drift, others write to the same tables; it leads to a check: at once, or,
/// if the same change was harmless before, when checks have taken less than a tenth of the time. A rule that was replaced
/// by one of the same size is found by the regular check alone.
/// </summary>
internal sealed class IptablesLegacyDriftWatch : IDriftWatch, IOwnApplyListener, IDisposable
{
    private const string Suspicion = "somebody changed the tables of iptables, and our rules are not what was applied";

    /// <summary>The pause before a check that can wait, in times of what the last one took.</summary>
    private const int PausePerLook = 9;

    private static readonly TimeSpan s_mostPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly bool _isIPv6;
    private readonly IntegrityCheck _check;
    private readonly TimeProvider _time;
    private readonly SafeFileHandle _socket;
    private readonly Func<CancellationToken, Task<bool>> _isIntact;
    private readonly KnownHarmlessChanges _harmless = new();
    private readonly Lock _lock = new();
    private LegacySizes _noted;
    private int _underWay;
    private DateTimeOffset _mayAsk = DateTimeOffset.MinValue;
    private bool _isAskDue;

    /// <summary>Opens the socket, in the network namespace of this thread.</summary>
    /// <param name="family">The family of the rules.</param>
    /// <param name="applies">What we do ourselves.</param>
    /// <param name="isIntact">Whether the rules are what the last apply left.</param>
    /// <param name="period">How often to ask for that without a reason (syncPeriod).</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Receives what goes wrong.</param>
    public IptablesLegacyDriftWatch(
        IpFamily family,
        OwnTransactions applies,
        Func<CancellationToken, Task<bool>> isIntact,
        TimeSpan period,
        TimeProvider time,
        ILogger log)
    {
        _isIPv6 = family == IpFamily.IPv6;
        _isIntact = isIntact;
        _check = new(LookAsync, applies, period, time, log);
        _time = time;
        _socket = LegacyTable.Open(_isIPv6);
        if (_socket.IsInvalid)
        {
            log.NoRawSocket(family, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());
        }

        _noted = LegacySizes.Read(_socket, _isIPv6);
        applies.Add(this);
    }

    /// <inheritdoc/>
    public Task RunAsync(Action<string> drifted, CancellationToken cancellation) =>
        ConcurrentTasks.RunAsync(cancellation, end => _check.RunAsync(drifted, end), PollAsync);

    /// <inheritdoc/>
    public void OwnApplyBegins(bool isFull)
    {
        lock (_lock)
        {
            if (_underWay++ == 0)
            {
                Look(); // what changed since the last time would be lost in what we change now
            }
        }
    }

    /// <inheritdoc/>
    public void OwnProcessStarted(int process)
    {
        // Sizes do not show who changed a table.
    }

    /// <inheritdoc/>
    public void OwnApplyEnded(bool isFull)
    {
        lock (_lock)
        {
            if (--_underWay == 0)
            {
                _noted = LegacySizes.Read(_socket, _isIPv6);
            }
        }

        // Sizes do not show whether another program wrote at the same time. Full applies are rare enough to check.
        if (isFull)
        {
            _check.Ask(Suspicion);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private async Task PollAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(s_interval, _time, cancellation);
            lock (_lock)
            {
                if (_underWay == 0)
                {
                    Look();
                }

                if (_isAskDue && _time.GetUtcNow() >= _mayAsk)
                {
                    Ask();
                }
            }
        }
    }

    private void Look()
    {
        LegacySizes now = LegacySizes.Read(_socket, _isIPv6);
        if (now.Equal(_noted))
        {
            return;
        }

        bool isHarmless = _harmless.Take(_noted, now);
        _noted = now;
        if (isHarmless)
        {
            _isAskDue = true;
        }
        else
        {
            Ask();
        }
    }

    private void Ask()
    {
        _isAskDue = false;
        _check.Ask(Suspicion);
    }

    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        string[] changes;
        lock (_lock)
        {
            _isAskDue = false;
            changes = _harmless.Begin();
        }

        long begin = _time.GetTimestamp();
        bool isIntact = await _isIntact(cancellation);
        lock (_lock)
        {
            TimeSpan pause = PausePerLook * _time.GetElapsedTime(begin);
            _mayAsk = _time.GetUtcNow() + (pause < s_mostPause ? pause : s_mostPause);
            if (isIntact)
            {
                _harmless.Learn(changes);
            }
        }

        return isIntact;
    }
}
