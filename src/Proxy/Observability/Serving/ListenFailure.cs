namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>A port that could not be opened, and when to try again: soon at first, for who goes leaves ports behind for a moment.</summary>
/// <param name="time">The clock.</param>
internal sealed class ListenFailure(TimeProvider time)
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(500);

    private long _failedAt = time.GetTimestamp();
    private TimeSpan _delay = s_first;

    /// <summary>The time left to the next attempt; zero when it is due.</summary>
    public TimeSpan UntilRetry
    {
        get
        {
            TimeSpan left = _delay - time.GetElapsedTime(_failedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>It failed again: the next attempt comes after twice the time, at most that of <see cref="ListenLoop"/>.</summary>
    public void FailedAgain()
    {
        _failedAt = time.GetTimestamp();
        _delay = 2 * _delay < ListenLoop.RetryInterval ? 2 * _delay : ListenLoop.RetryInterval;
    }
}
