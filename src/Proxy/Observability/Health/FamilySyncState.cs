using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>
/// What is remembered of a family's syncs. Waiting is measured with the monotonic clock, so that setting the node's clock
/// does not make the proxy ill. Its owner guards it.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="time">The clock.</param>
internal sealed class FamilySyncState(IpFamily family, TimeProvider time)
{
    private DateTimeOffset? _lastUpdated;
    private long? _oldestRequest;
    private long _newestRequest;
    private string _lastError = "";

    /// <summary>A sync was asked for.</summary>
    public void Requested()
    {
        _newestRequest = time.GetTimestamp();
        _oldestRequest ??= _newestRequest;
    }

    /// <summary>The rules are those of all requests up to a time stamp.</summary>
    public void Updated(long upTo)
    {
        _lastUpdated = time.GetLocalNow();
        _lastError = "";

        // Of the requests made since, the first is not remembered; it came no earlier than this.
        _oldestRequest = _oldestRequest is not null && _newestRequest > upTo ? Math.Max(upTo, _oldestRequest.Value) : null;
    }

    /// <summary>A sync failed.</summary>
    public void Failed(string error) => _lastError = error;

    /// <summary>The health now; null before the first update.</summary>
    /// <param name="now">The moment.</param>
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
