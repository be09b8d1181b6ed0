using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>
/// Whether the rules follow the cluster: no request for a sync may wait for twice the sync period (spec 9.1). Thread-safe.
/// Unlike kube-proxy's, a request made while a sync runs keeps waiting when that sync ends (spec 16, quirk 19).
/// </summary>
/// <param name="syncPeriod">The sync period of the mode.</param>
/// <param name="time">The clock; time stamps given to this object come from it.</param>
internal sealed class ProxyHealth(TimeSpan syncPeriod, TimeProvider time)
{
    /// <summary>Longer errors are cut off.</summary>
    public const int MaximumErrorLength = 2048;

    private readonly Lock _lock = new();
    private readonly FamilySyncState[] _families = [new(IpFamily.IPv4, time), new(IpFamily.IPv6, time)];
    private readonly SortedDictionary<string, FailingPart> _parts = new(StringComparer.Ordinal);
    private bool _isNodeEligible;
    private string _waitsFor = "";
    private string _stalledInput = "";

    /// <summary>The sync loop of a family starts: the family is known, and healthy, from now on.</summary>
    public void SyncLoopStarted(IpFamily family)
    {
        lock (_lock)
        {
            _families[(int)family].Updated(time.GetTimestamp());
        }
    }

    /// <summary>A change asks for a sync. The periodic, repairing and initial syncs are not told here.</summary>
    public void SyncRequested(IpFamily family)
    {
        lock (_lock)
        {
            _families[(int)family].Requested();
        }
    }

    /// <summary>A sync succeeded completely.</summary>
    /// <param name="family">The family.</param>
    /// <param name="changesTaken">
    /// <see cref="TimeProvider.GetTimestamp"/> from before the sync took the changes it applied; later requests keep waiting.
    /// </param>
    public void SyncSucceeded(IpFamily family, long changesTaken)
    {
        lock (_lock)
        {
            _families[(int)family].Updated(changesTaken);
        }
    }

    /// <summary>A sync failed. This alone is not ill health; that the request waits on is.</summary>
    /// <param name="family">The family.</param>
    /// <param name="error">Why, for people; shown by <c>/healthz?verbose</c> until a sync succeeds.</param>
    public void SyncFailed(IpFamily family, string error)
    {
        lock (_lock)
        {
            _families[(int)family].Failed(Shorten(error));
        }
    }

    /// <summary>A part of the agent failed, and is about to be started again.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="isVital">Whether rules depend on it: then health is bad when it goes on failing for the limit of waiting requests.</param>
    /// <param name="error">Why, for people.</param>
    public void PartFailed(string name, bool isVital, string error)
    {
        DateTimeOffset now = time.GetLocalNow();
        lock (_lock)
        {
            FailingPart? before = _parts.GetValueOrDefault(name);
            _parts[name] = new(isVital, (before?.Failures ?? 0) + 1, before?.Since ?? now, now, Shorten(error));
        }
    }

    /// <summary>A part that failed works again.</summary>
    public void PartRecovered(string name)
    {
        lock (_lock)
        {
            _parts.Remove(name);
        }
    }

    /// <summary>Says what the start waits for; nothing when empty. The answers stay those of the rules and the Node.</summary>
    public void WaitsFor(string what) => Volatile.Write(ref _waitsFor, what);

    /// <summary>Says whether the Node object is known and not on its way out (spec 9.1); not so until told.</summary>
    public void SetNodeEligible(bool isEligible) => Volatile.Write(ref _isNodeEligible, isEligible);

    /// <summary>Says which input does not come to its end, for people; an empty text when all do.</summary>
    public void SetStalledInput(string what) => Volatile.Write(ref _stalledInput, what);

    /// <summary>The health now.</summary>
    public HealthReport Read()
    {
        DateTimeOffset now = time.GetLocalNow();
        TimeSpan pendingLimit = 2 * syncPeriod;
        lock (_lock)
        {
            return new(now, Volatile.Read(ref _isNodeEligible), pendingLimit, [.. _families.Select(family => family.Read(now, pendingLimit)).OfType<FamilyHealth>()])
            {
                Parts = [.. _parts.Select(part => part.Value.Read(part.Key, pendingLimit))],
                WaitsFor = Volatile.Read(ref _waitsFor),
                StalledInput = Volatile.Read(ref _stalledInput),
            };
        }
    }

    private static string Shorten(string error) => error.Length <= MaximumErrorLength ? error : error[..MaximumErrorLength] + "…";

    private sealed record FailingPart(bool IsVital, int Failures, DateTimeOffset Since, DateTimeOffset Last, string Error)
    {
        /// <summary>One failure that was long ago is none that goes on.</summary>
        public TaskHealth Read(string name, TimeSpan limit) => new(name, Failures, Since, Last, Error, !IsVital || Last - Since < limit);
    }
}
