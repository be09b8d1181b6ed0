namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Tasks that make up one part of the agent, of which none is of use without the others.</summary>
internal static class ConcurrentTasks
{
    /// <summary>Runs all until one ends or fails; the others are then ended too, rather than hiding its error for ever.</summary>
    /// <param name="cancellation">Ends all.</param>
    /// <param name="parts">What to run.</param>
    public static async Task RunAsync(CancellationToken cancellation, params IReadOnlyList<Func<CancellationToken, Task>> parts)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> running = [.. parts.Select(part => part(end.Token))];
        Task first = await Task.WhenAny(running);
        await end.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }
}
