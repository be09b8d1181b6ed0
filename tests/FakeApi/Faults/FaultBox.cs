using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Faults;

/// <summary>The faults that are to come. Each is taken where it applies, as often as it was injected for, or until cleared.</summary>
public sealed class FaultBox : IDisposable
{
    /// <summary>The number of times that means until cleared.</summary>
    public const int UntilCleared = int.MaxValue;

    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private readonly Action _announce;
    private CancellationTokenSource _cleared = new();

    internal FaultBox(Action announce)
    {
        _announce = announce;
    }

    /// <summary>Adds a fault.</summary>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="type">For which resource; null for all.</param>
    /// <param name="times">How often; <see cref="UntilCleared"/> for always.</param>
    public void Inject(Fault fault, ResourceType? type = null, int times = 1)
    {
        lock (_lock)
        {
            _entries.Add(new Entry(fault, type) { Left = times });
        }

        _announce();
    }

    /// <summary>Removes the faults of a resource (those for all included), or all of them; what hangs or stalls because of any fault goes on.</summary>
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
        _announce();
    }

    /// <inheritdoc/>
    public void Dispose() => _cleared.Dispose();

    /// <summary>How many faults have not been taken in full.</summary>
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
