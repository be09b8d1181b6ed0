namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>When the sync loop runs.</summary>
internal sealed record SyncPolicy
{
    /// <summary>The least time from the end of a sync to the start of the next: <c>minSyncPeriod</c>.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The delay after the first failure in a row; it doubles with each further one.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest delay after a failure: <c>syncPeriod</c>.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a full sync is taken for good when nothing asks for another.</summary>
    public TimeSpan FullInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Repairs of rules that somebody else changed count as unrelated when at least this time lies between them.</summary>
    public TimeSpan DriftQuietTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a sync that has begun may go on after the agent was asked to stop.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The delay after a number of failures in a row, without jitter.</summary>
    /// <param name="failures">1 or more.</param>
    public TimeSpan RetryDelay(int failures)
    {
        double factor = Math.Pow(2, Math.Min(failures - 1, 30));
        double delay = Math.Min(FirstRetry.Ticks * factor, MaxRetry.Ticks);
        return TimeSpan.FromTicks((long)delay);
    }
}
