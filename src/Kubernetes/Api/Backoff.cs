namespace KubeProxySharp.Kubernetes.Api;

/// <summary>
/// Growing delays between attempts, client-go's curve (wire notes 3.6): 0.8 s, doubled up to 30 s, each stretched by a
/// random factor of up to two, since thousands of nodes reconnect at once.
/// </summary>
/// <param name="random">The source of the jitter.</param>
internal sealed class Backoff(Random random)
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(30);

    private TimeSpan _step = s_first;

    /// <summary>The next delay.</summary>
    public TimeSpan Next()
    {
        TimeSpan delay = _step * (1 + random.NextDouble());
        _step = _step * 2 < s_last ? _step * 2 : s_last;
        return delay;
    }

    /// <summary>It works again: the next delay is a short one.</summary>
    public void Reset() => _step = s_first;
}
