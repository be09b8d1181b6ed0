namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Gives memory back after syncs, once nothing has been synced for a moment. The collector of .NET keeps what it once needed,
/// and collects only when something is allocated: an agent at rest would hold the leftovers of its last work for hours. On a
/// node where changes never cease, memory is given back four times a minute: what changes replace would otherwise stay until the
/// collector's own budget for old objects is used up. The whole heap is compacted, which takes milliseconds (docs/building.md).
/// </summary>
/// <param name="collect">Collects.</param>
/// <param name="time">The clock.</param>
internal sealed class HeapCompactor(Action collect, TimeProvider time)
{
    /// <summary>The time without syncs after which memory is given back.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    /// <summary>The same after the start, which leaves the most: lists of everything, decoded, and the text or messages of all rules.</summary>
    public static readonly TimeSpan QuietAfterStart = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two collections while changes come in.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly WakeSignal _worked = new(time);

    /// <summary>Compacts the heap, and gives the kernel what is free then.</summary>
    public static void Compact() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Reports a sync. Called from any thread.</summary>
    public void Worked() => _worked.Set();

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        TimeSpan quiet = QuietAfterStart;
        while (true)
        {
            await _worked.WaitAsync(Timeout.InfiniteTimeSpan, cancellation);
            long first = time.GetTimestamp();
            while (await _worked.WaitAsync(quiet, cancellation) && time.GetElapsedTime(first) < Longest)
            {
                // More work: the moment of quiet begins anew.
            }

            collect();
            quiet = Quiet;
        }
    }
}
