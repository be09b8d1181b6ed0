using System.Diagnostics;

namespace KubeProxySharp.Soak;

/// <summary>What was wrong on purpose, and when: what is measured meanwhile is counted apart.</summary>
internal sealed class Disturbances
{
    private readonly Lock _lock = new();
    private readonly List<(Disturbance Kind, long Begin, long End)> _past = [];
    private readonly List<(Disturbance Kind, long Begin)> _open = [];

    /// <summary>Notes that something begins; it ends with <see cref="End"/>.</summary>
    public void Begin(Disturbance kind)
    {
        lock (_lock)
        {
            _open.Add((kind, Stopwatch.GetTimestamp()));
        }
    }

    /// <summary>Notes the end of what began.</summary>
    public void End(Disturbance kind)
    {
        lock (_lock)
        {
            int index = _open.FindIndex(open => open.Kind == kind);
            _past.Add((kind, _open[index].Begin, Stopwatch.GetTimestamp()));
            _open.RemoveAt(index);
        }
    }

    /// <summary>Whether something was wrong at any time from a moment until now.</summary>
    public bool Since(Disturbance kind, long begin)
    {
        lock (_lock)
        {
            return _open.Exists(open => open.Kind == kind) || _past.Exists(past => past.Kind == kind && past.End >= begin);
        }
    }
}

/// <summary>What can be wrong on purpose.</summary>
internal enum Disturbance
{
    /// <summary>The API server is away, or the agent has not caught up yet.</summary>
    ApiAway,

    /// <summary>Rules were damaged and are not repaired yet.</summary>
    Drift,
}
