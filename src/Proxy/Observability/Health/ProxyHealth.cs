using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>
/// Whether the rules are up to date with the cluster: no request for a sync may wait for twice the sync period (spec 9.1). And,
/// other than in kube-proxy, whether the kernel has them: each family was written, and no drift lasts. Thread-safe. Unlike in kube-proxy, a request made during a sync is still pending when that sync ends (spec 16, quirk 19).
/// </summary>
/// <param name="syncPeriod">The sync period of the mode.</param>
/// <param name="time">The clock, also of the timestamps that are passed to this object.</param>
internal sealed class ProxyHealth(TimeSpan syncPeriod, TimeProvider time)
{
    /// <summary>Longer errors are truncated.</summary>
    public const int MaximumErrorLength = 2048;

    /// <summary>The most refused Services that are named.</summary>
    public const int MostNamedServices = 10;

    /// <summary>How long rules that another program changed may remain so. A repair takes less than a second, with 10,000 Services too.</summary>
    public static readonly TimeSpan DriftLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly FamilySyncState[] _families = [new(IpFamily.IPv4, time), new(IpFamily.IPv6, time)];
    private readonly SortedDictionary<string, FailingTask> _tasks = new(StringComparer.Ordinal);
    private bool _isNodeEligible;
    private string _waitsFor = "";
    private string _stalledInput = "";
    private int _refusedServices;
    private NamespacedName[] _firstRefused = [];

    /// <summary>Records the start of a family's sync loop: the family is reported from now on, as one whose rules were not written.</summary>
    public void SyncLoopStarted(IpFamily family)
    {
        lock (_lock)
        {
            _families[(int)family].Updated(time.GetTimestamp());
        }
    }

    /// <summary>Records that a change requests a sync. Not called for the periodic, repairing and initial syncs.</summary>
    public void SyncRequested(IpFamily family)
    {
        lock (_lock)
        {
            _families[(int)family].Requested();
        }
    }

    /// <summary>Records a complete, successful sync.</summary>
    /// <param name="family">The family.</param>
    /// <param name="changesTaken">
    /// <see cref="TimeProvider.GetTimestamp"/> from before the sync took the changes it applied; later requests stay pending.
    /// </param>
    /// <param name="isFull">Whether everything was written.</param>
    public void SyncSucceeded(IpFamily family, long changesTaken, bool isFull = false)
    {
        lock (_lock)
        {
            _families[(int)family].Written(changesTaken, isFull);
        }
    }

    /// <summary>Records that nothing waits, which does not mean that anything was written.</summary>
    /// <param name="family">The family.</param>
    /// <param name="at">The time, as of <see cref="TimeProvider.GetTimestamp"/>.</param>
    public void UpToDate(IpFamily family, long at)
    {
        lock (_lock)
        {
            _families[(int)family].Updated(at);
        }
    }

    /// <summary>Records that another program changed the rules. Drift that is not repaired within <see cref="DriftLimit"/> makes the proxy unhealthy.</summary>
    /// <param name="family">The family.</param>
    /// <param name="what">What happened, in words.</param>
    public void Drifted(IpFamily family, string what)
    {
        lock (_lock)
        {
            _families[(int)family].Drifted(Shorten(what));
        }
    }

    /// <summary>Records that a repair of what was reported begins.</summary>
    public void RepairBegins(IpFamily family, string what)
    {
        lock (_lock)
        {
            _families[(int)family].RepairBegins(Shorten(what));
        }
    }

    /// <summary>Records that this repair succeeded.</summary>
    public void Repaired(IpFamily family)
    {
        lock (_lock)
        {
            _families[(int)family].Repaired();
        }
    }

    /// <summary>Sets which Services have no rules because the kernel refuses them. Does not affect health: all others are served.</summary>
    public void SetRefusedServices(IReadOnlyCollection<NamespacedName> services)
    {
        NamespacedName[] first = [.. services.Order().Take(MostNamedServices)];
        lock (_lock)
        {
            (_refusedServices, _firstRefused) = (services.Count, first);
        }
    }

    /// <summary>Records a failed sync. This alone does not affect health; a request that stays pending for too long does.</summary>
    /// <param name="family">The family.</param>
    /// <param name="error">The reason; shown by <c>/healthz?verbose</c> until a sync succeeds.</param>
    public void SyncFailed(IpFamily family, string error)
    {
        lock (_lock)
        {
            _families[(int)family].Failed(Shorten(error));
        }
    }

    /// <summary>Records that a task of the agent failed and will be restarted.</summary>
    /// <param name="name">The name of the task.</param>
    /// <param name="isVital">Whether rules depend on it: then the proxy is unhealthy when it fails for longer than a request may wait.</param>
    /// <param name="error">The reason.</param>
    public void TaskFailed(string name, bool isVital, string error)
    {
        DateTimeOffset now = time.GetLocalNow();
        lock (_lock)
        {
            FailingTask? before = _tasks.GetValueOrDefault(name);
            _tasks[name] = new(isVital, (before?.Failures ?? 0) + 1, before?.Since ?? now, now, Shorten(error));
        }
    }

    /// <summary>Records that a failed task works again.</summary>
    public void TaskRecovered(string name)
    {
        lock (_lock)
        {
            _tasks.Remove(name);
        }
    }

    /// <summary>Sets what the start of the agent waits for; empty for nothing. Does not affect health.</summary>
    public void WaitsFor(string what) => Volatile.Write(ref _waitsFor, what);

    /// <summary>Sets whether the Node object is known and is not being deleted (spec 9.1); initially false.</summary>
    public void SetNodeEligible(bool isEligible) => Volatile.Write(ref _isNodeEligible, isEligible);

    /// <summary>Sets the description of an input that does not end; empty if there is none.</summary>
    public void SetStalledInput(string what) => Volatile.Write(ref _stalledInput, what);

    /// <summary>The current health.</summary>
    public HealthReport Read()
    {
        DateTimeOffset now = time.GetLocalNow();
        TimeSpan pendingLimit = 2 * syncPeriod;
        lock (_lock)
        {
            return new(now, Volatile.Read(ref _isNodeEligible), pendingLimit, [.. _families.Select(family => family.Read(now, pendingLimit, DriftLimit)).OfType<FamilyHealth>()])
            {
                RefusedServices = _refusedServices,
                FirstRefusedServices = _firstRefused,
                Tasks = [.. _tasks.Select(task => task.Value.Read(task.Key, pendingLimit))],
                WaitsFor = Volatile.Read(ref _waitsFor),
                StalledInput = Volatile.Read(ref _stalledInput),
            };
        }
    }

    private static string Shorten(string error) => error.Length <= MaximumErrorLength ? error : error[..MaximumErrorLength] + "…";

    private sealed record FailingTask(bool IsVital, int Failures, DateTimeOffset Since, DateTimeOffset Last, string Error)
    {
        /// <summary>A single old failure does not count as a lasting one.</summary>
        public TaskHealth Read(string name, TimeSpan limit) => new(name, Failures, Since, Last, Error, !IsVital || Last - Since < limit);
    }
}
