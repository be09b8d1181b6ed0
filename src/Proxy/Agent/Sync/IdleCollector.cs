namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Gives memory back after syncs, once nothing has been synced for a moment. The collector of .NET keeps what it once needed,
/// and collects only when something is allocated: an agent that rests would hold the leftovers of its last work for hours. The
/// whole heap is compacted, which takes milliseconds (docs/building.md), so never while changes come in.
/// </summary>
/// <param name="collect">Collects.</param>
/// <param name="time">The clock.</param>
internal sealed class IdleCollector(Action collect, TimeProvider time)
{
    /// <summary>The time without syncs after which memory is given back.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private readonly WakeSignal _worked = new(time);

    /// <summary>Compacts the heap, and gives the kernel what is free then.</summary>
    public static void Compact() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Reports a sync. Called from any thread.</summary>
    public void Worked() => _worked.Set();

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _worked.WaitAsync(Timeout.InfiniteTimeSpan, cancellation);
            while (await _worked.WaitAsync(Quiet, cancellation))
            {
                // More work: the moment of quiet begins anew.
            }

            collect();
        }
    }
}
