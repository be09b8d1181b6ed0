namespace KubeProxySharp.Kubernetes.Client;

/// <summary>A written event and its repetitions since then (wire notes 10). Used by the task of the writer only.</summary>
/// <param name="first">The event that was written.</param>
internal sealed class EventSeries(ClusterEvent first)
{
    private static readonly TimeSpan s_seriesEnd = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan s_writeInterval = TimeSpan.FromMinutes(30);

    private int _countWritten = 1;
    private DateTimeOffset _written = first.Time;

    public ClusterEvent First => first;

    /// <summary>The name of the Event object.</summary>
    public string Name { get; } = first.MakeName();

    /// <summary>Number of occurrences.</summary>
    public int Count { get; private set; } = 1;

    public DateTimeOffset Last { get; private set; } = first.Time;

    /// <summary>When the series must be looked at again if no repetition arrives.</summary>
    public DateTimeOffset Due => IsUnwritten && _written + s_writeInterval < Last + s_seriesEnd ? _written + s_writeInterval : Last + s_seriesEnd;

    private bool IsUnwritten => Count != _countWritten;

    /// <summary>Whether the series has ended: no occurrence for some minutes.</summary>
    public bool IsOver(DateTimeOffset now) => now - Last >= s_seriesEnd;

    public void Repeat(DateTimeOffset time)
    {
        Count++;
        Last = time;
    }

    /// <summary>Whether the count must be written now: at the first repetition, then every half hour, and at the end.</summary>
    public bool MustWrite(DateTimeOffset now) => IsUnwritten && (_countWritten == 1 || IsOver(now) || now - _written >= s_writeInterval);

    public void Written(DateTimeOffset now)
    {
        _countWritten = Count;
        _written = now;
    }
}
