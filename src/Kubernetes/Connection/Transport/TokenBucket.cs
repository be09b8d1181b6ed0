namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Lets a number of requests through at once and then a steady rate, in the order they came, as client-go's token bucket
/// does (wire notes 6). Starts full.
/// </summary>
/// <param name="perSecond">The rate; positive.</param>
/// <param name="burst">The size of the bucket; positive.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class TokenBucket(double perSecond, int burst, TimeProvider timeProvider)
{
    /// <summary>The longest single wait; a timer cannot count arbitrarily long times.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private long _countedAt = timeProvider.GetTimestamp();
    private double _tokens = burst;

    /// <summary>Waits for a token and takes it. A cancelled wait gives its place back.</summary>
    public async ValueTask TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan wait = Reserve();
        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await Task.Delay(wait, timeProvider, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _tokens++;
            }

            throw;
        }
    }

    private TimeSpan Reserve()
    {
        lock (_gate)
        {
            long now = timeProvider.GetTimestamp();
            double gained = timeProvider.GetElapsedTime(_countedAt, now).TotalSeconds * perSecond;
            _countedAt = now;
            _tokens = Math.Min(burst, _tokens + gained) - 1;
            if (_tokens >= 0)
            {
                return TimeSpan.Zero;
            }

            double seconds = -_tokens / perSecond;
            return seconds >= s_longestWait.TotalSeconds ? s_longestWait : TimeSpan.FromSeconds(seconds);
        }
    }
}
