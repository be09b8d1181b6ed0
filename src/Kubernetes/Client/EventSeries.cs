namespace KubeProxySharp.Kubernetes.Client;

/// <summary>An event that was written, and its repetitions since (wire notes 10). Owned by the task of the writer.</summary>
/// <param name="first">The event as it was written.</param>
internal sealed class EventSeries(ClusterEvent first)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan s_writing = TimeSpan.FromMinutes(30);

    private int _countWritten = 1;
    private DateTimeOffset _written = first.Time;

    /// <summary>The event as it was written.</summary>
    public ClusterEvent First => first;

    /// <summary>The name of the API object.</summary>
    public string Name { get; } = first.MakeName();

    /// <summary>How often it happened.</summary>
    public int Count { get; private set; } = 1;

    /// <summary>When it happened last.</summary>
    public DateTimeOffset Last { get; private set; } = first.Time;

    /// <summary>When something is to be done next if it does not happen again.</summary>
    public DateTimeOffset Due => IsUnwritten && _written + s_writing < Last + s_quiet ? _written + s_writing : Last + s_quiet;

    private bool IsUnwritten => Count != _countWritten;

    /// <summary>Whether the series ended: it has not happened for some minutes.</summary>
    public bool IsOver(DateTimeOffset now) => now - Last >= s_quiet;

    /// <summary>It happened again.</summary>
    public void Repeat(DateTimeOffset time)
    {
        Count++;
        Last = time;
    }

    /// <summary>Whether the count is to be written now: the first repetition at once, later ones now and then and at the end.</summary>
    public bool MustWrite(DateTimeOffset now) => IsUnwritten && (_countWritten == 1 || IsOver(now) || now - _written >= s_writing);

    /// <summary>The count has been written.</summary>
    public void Written(DateTimeOffset now)
    {
        _countWritten = Count;
        _written = now;
    }
}
