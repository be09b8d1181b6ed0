using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>
/// The state of a family's syncs. Waiting times are measured with the monotonic clock, so that setting the node's clock does
/// not make the proxy unhealthy. Not thread-safe; the owner locks.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="time">The clock.</param>
internal sealed class FamilySyncState(IpFamily family, TimeProvider time)
{
    private DateTimeOffset? _lastUpdated;
    private long? _oldestRequest;
    private long _newestRequest;
    private string _lastError = "";
    private bool _isWritten;
    private long? _driftSince;
    private long _newestDrift;
    private long _driftTaken;
    private string _drift = "";

    /// <summary>Records a request for a sync.</summary>
    public void Requested()
    {
        _newestRequest = time.GetTimestamp();
        _oldestRequest ??= _newestRequest;
    }

    /// <summary>Records that the rules include all requests up to a timestamp.</summary>
    public void Updated(long upTo)
    {
        _lastUpdated = time.GetLocalNow();
        _lastError = "";

        // The time of the first request since then is not stored; it was not made before the timestamp.
        _oldestRequest = _oldestRequest is not null && _newestRequest > upTo ? Math.Max(upTo, _oldestRequest.Value) : null;
    }

    /// <summary>Records that the kernel has the rules.</summary>
    /// <param name="changesTaken">A timestamp from before the sync that wrote them.</param>
    /// <param name="isFull">Whether everything was written, so that earlier drift is repaired.</param>
    public void Written(long changesTaken, bool isFull)
    {
        Updated(changesTaken);
        _isWritten = true;
        if (isFull && _newestDrift <= changesTaken)
        {
            _driftSince = null;
        }
    }

    public void Failed(string error) => _lastError = error;

    /// <summary>Records that another program changed the rules.</summary>
    public void Drifted(string what)
    {
        _newestDrift = time.GetTimestamp();
        _driftSince ??= _newestDrift;
        _drift = what;
    }

    /// <summary>Records that a repair begins of all drift up to now.</summary>
    public void RepairBegins(string what)
    {
        _driftTaken = time.GetTimestamp();
        _driftSince ??= _driftTaken;
        _drift = what;
    }

    /// <summary>Records the success of the repair. Drift since its beginning remains.</summary>
    public void Repaired() => _driftSince = _newestDrift > _driftTaken ? _newestDrift : null;

    /// <summary>The current health; null before the first update.</summary>
    /// <param name="now">The current time.</param>
    /// <param name="pendingLimit">How long a request may wait.</param>
    /// <param name="driftLimit">How long drift may remain.</param>
    public FamilyHealth? Read(DateTimeOffset now, TimeSpan pendingLimit, TimeSpan driftLimit)
    {
        if (_lastUpdated is not { } lastUpdated)
        {
            return null;
        }

        TimeSpan? waiting = _oldestRequest is { } request ? time.GetElapsedTime(request) : null;
        TimeSpan? drifted = _driftSince is { } since ? time.GetElapsedTime(since) : null;
        return new(family, lastUpdated, waiting is null || waiting < pendingLimit, now - waiting, _lastError)
        {
            WereWritten = _isWritten,
            DriftSince = now - drifted,
            Drift = drifted is null ? "" : _drift,
            IsDriftLasting = drifted >= driftLimit,
        };
    }
}
