namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Wakes one waiting task. Signals that come before the wait are not lost, and any number of them is one.</summary>
/// <param name="time">The clock for time limits.</param>
internal sealed class WakeSignal(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = New();

    /// <summary>Wakes the waiting task, or lets the next wait return at once.</summary>
    public void Set()
    {
        lock (_gate)
        {
            _next.TrySetResult();
        }
    }

    /// <summary>Waits for a signal, which is then used up, or until the time is over.</summary>
    /// <param name="limit">The longest wait; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <param name="cancellation">Ends the wait with an exception.</param>
    /// <returns>Whether there was a signal.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        Task signalled;
        lock (_gate)
        {
            signalled = _next.Task;
        }

        if (!signalled.IsCompleted)
        {
            using CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(signalled, Task.Delay(limit, time, timer.Token));
            await timer.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
        }

        lock (_gate)
        {
            if (!_next.Task.IsCompleted)
            {
                return false;
            }

            _next = New();
            return true;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
