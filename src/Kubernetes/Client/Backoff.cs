namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Exponential back-off with jitter: each delay is doubled and multiplied by a random factor between one and two, since
/// thousands of nodes reconnect at the same time.
/// </summary>
/// <param name="random">The source of the jitter.</param>
/// <param name="first">The first step.</param>
/// <param name="last">The longest step.</param>
internal sealed class Backoff(Random random, TimeSpan first, TimeSpan last)
{
    private readonly TimeSpan _first = first;
    private TimeSpan _step = first;

    public TimeSpan Next()
    {
        TimeSpan delay = _step * (1 + random.NextDouble());
        _step = _step * 2 < last ? _step * 2 : last;
        return delay;
    }

    /// <summary>A random delay between zero and the next step.</summary>
    public TimeSpan Share()
    {
        TimeSpan share = _step * random.NextDouble();
        _step = _step * 2 < last ? _step * 2 : last;
        return share;
    }

    /// <summary>Starts again with the first step, after a success.</summary>
    public void Reset() => _step = _first;

    /// <summary>For a server that answers with errors: the delays of client-go (wire notes 3.6).</summary>
    public static Backoff AfterRefusals(Random random) => new(random, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(30));

    /// <summary>For connections that break repeatedly although the server can be reached.</summary>
    public static Backoff AfterBreaks(Random random) => new(random, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1.5));

    /// <summary>Added to the <c>Retry-After</c> of an overloaded server, which is the same for all nodes, so that their lists do not coincide.</summary>
    public static Backoff Spread(Random random) => new(random, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(30));
}
