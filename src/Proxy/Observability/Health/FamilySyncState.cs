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

    public void Failed(string error) => _lastError = error;

    /// <summary>The current health; null before the first update.</summary>
    /// <param name="now">The current time.</param>
    /// <param name="pendingLimit">How long a request may wait.</param>
    public FamilyHealth? Read(DateTimeOffset now, TimeSpan pendingLimit)
    {
        if (_lastUpdated is not { } lastUpdated)
        {
            return null;
        }

        TimeSpan? waiting = _oldestRequest is { } request ? time.GetElapsedTime(request) : null;
        return new(family, lastUpdated, waiting is null || waiting < pendingLimit, now - waiting, _lastError);
    }
}
