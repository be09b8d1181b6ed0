using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Faults;

/// <summary>The injected faults. Each occurs where it applies, as often as requested, or until it is cleared.</summary>
public sealed class FaultInjector : IDisposable
{
    /// <summary>The number of times for a fault that occurs until it is cleared.</summary>
    public const int UntilCleared = int.MaxValue;

    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private readonly Action _wakeWatches;
    private CancellationTokenSource _cleared = new();

    internal FaultInjector(Action wakeWatches)
    {
        _wakeWatches = wakeWatches;
    }

    /// <summary>Injects a fault.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="type">The resource that it concerns; null for all.</param>
    /// <param name="times">How often it occurs, or <see cref="UntilCleared"/>.</param>
    public void Inject(Fault fault, ResourceType? type = null, int times = 1)
    {
        lock (_lock)
        {
            _entries.Add(new Entry(fault, type) { Left = times });
        }

        _wakeWatches();
    }

    /// <summary>Removes the faults of a resource (those for all included), or all of them. Requests that hang or stall because of any fault continue.</summary>
    public void Clear(ResourceType? type = null)
    {
        CancellationTokenSource cleared;
        lock (_lock)
        {
            _entries.RemoveAll(entry => type is null || entry.Type is null || entry.Type == type);
            cleared = _cleared;
            _cleared = new CancellationTokenSource();
        }

        cleared.Cancel();
        cleared.Dispose();
        _wakeWatches();
    }

    /// <inheritdoc/>
    public void Dispose() => _cleared.Dispose();

    /// <summary>The number of faults that have not occurred as often as requested.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Is cancelled by the next <see cref="Clear"/>.</summary>
    internal CancellationToken Cleared
    {
        get
        {
            lock (_lock)
            {
                return _cleared.Token;
            }
        }
    }

    internal T? Take<T>(ResourceType? type, Func<T, bool>? applies = null)
        where T : Fault
    {
        lock (_lock)
        {
            Entry? entry = _entries.Find(entry =>
                (entry.Type is null || entry.Type == type) && entry.Fault is T fault && (applies is null || applies(fault)));
            if (entry is null)
            {
                return null;
            }

            if (entry.Left != UntilCleared && --entry.Left == 0)
            {
                _entries.Remove(entry);
            }

            return (T)entry.Fault;
        }
    }

    private sealed record Entry(Fault Fault, ResourceType? Type)
    {
        public int Left { get; set; }
    }
}
