using System.Diagnostics;

namespace KubeProxySharp.Soak;

/// <summary>The times of deliberate disturbances: measurements during one are counted separately.</summary>
internal sealed class Disturbances
{
    private readonly Lock _lock = new();
    private readonly List<(Disturbance Kind, long Begin, long End)> _past = [];
    private readonly List<(Disturbance Kind, long Begin)> _open = [];

    /// <summary>Records the begin of a disturbance, which ends with <see cref="End"/>.</summary>
    public void Begin(Disturbance kind)
    {
        lock (_lock)
        {
            _open.Add((kind, Stopwatch.GetTimestamp()));
        }
    }

    /// <summary>Records the end of a disturbance.</summary>
    public void End(Disturbance kind)
    {
        lock (_lock)
        {
            int index = _open.FindIndex(open => open.Kind == kind);
            _past.Add((kind, _open[index].Begin, Stopwatch.GetTimestamp()));
            _open.RemoveAt(index);
        }
    }

    /// <summary>Whether there was a disturbance at any time since a timestamp.</summary>
    public bool Since(Disturbance kind, long begin)
    {
        lock (_lock)
        {
            return _open.Exists(open => open.Kind == kind) || _past.Exists(past => past.Kind == kind && past.End >= begin);
        }
    }
}

/// <summary>The kinds of disturbances.</summary>
internal enum Disturbance
{
    /// <summary>The API server is away, or the agent has not caught up yet.</summary>
    ApiAway,

    /// <summary>Rules were damaged and are not repaired yet.</summary>
    Drift,
}
