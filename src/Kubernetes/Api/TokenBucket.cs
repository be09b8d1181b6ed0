namespace KubeProxySharp.Kubernetes.Api;

/// <summary>
/// Limits the rate of requests as client-go does: a bucket of tokens that starts full and fills evenly (wire notes 6).
/// Used by one task.
/// </summary>
/// <param name="perSecond">Tokens per second; 0 or less means no limit.</param>
/// <param name="burst">The size of the bucket.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class TokenBucket(double perSecond, int burst, TimeProvider timeProvider)
{
    private double _tokens = burst;
    private long _filled = timeProvider.GetTimestamp();

    /// <summary>Takes a token, waiting for it if there is none.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        if (perSecond <= 0)
        {
            return;
        }

        Fill();
        while (_tokens < 1)
        {
            // A whole millisecond more than computed: timers have no finer steps, and must not fire too early.
            TimeSpan wait = TimeSpan.FromSeconds((1 - _tokens) / perSecond) + TimeSpan.FromMilliseconds(1);
            await Task.Delay(wait, timeProvider, cancellationToken);
            Fill();
        }

        _tokens--;
    }

    private void Fill()
    {
        long now = timeProvider.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (timeProvider.GetElapsedTime(_filled, now).TotalSeconds * perSecond));
        _filled = now;
    }
}
