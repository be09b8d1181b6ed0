namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Growing delays between attempts: doubled from step to step, each stretched by a random factor of up to two, since
/// thousands of nodes reconnect at once.
/// </summary>
/// <param name="random">The source of the jitter.</param>
/// <param name="first">The first step.</param>
/// <param name="last">The longest step.</param>
internal sealed class Backoff(Random random, TimeSpan first, TimeSpan last)
{
    private readonly TimeSpan _first = first;
    private TimeSpan _step = first;

    /// <summary>The next delay.</summary>
    public TimeSpan Next()
    {
        TimeSpan delay = _step * (1 + random.NextDouble());
        _step = _step * 2 < last ? _step * 2 : last;
        return delay;
    }

    /// <summary>A random part of the next step, from nothing to all of it.</summary>
    public TimeSpan Share()
    {
        TimeSpan share = _step * random.NextDouble();
        _step = _step * 2 < last ? _step * 2 : last;
        return share;
    }

    /// <summary>It works again: the next delay is a short one.</summary>
    public void Reset() => _step = _first;

    /// <summary>client-go's curve (wire notes 3.6): for a server that is there and refuses.</summary>
    public static Backoff AfterRefusals(Random random) => new(random, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(30));

    /// <summary>For connections that are lost again and again though the server answers.</summary>
    public static Backoff AfterBreaks(Random random) => new(random, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1.5));

    /// <summary>Added to what an overloaded server asks for: all nodes were told the same, and their lists are to come apart.</summary>
    public static Backoff Spread(Random random) => new(random, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(30));
}
