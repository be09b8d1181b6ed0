namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Notices that somebody else changed or removed our rules.</summary>
internal interface IDriftWatch
{
    /// <summary>
    /// Runs until cancelled. Never ends for an error of its own: it reports that, and goes on or falls back to polling.
    /// </summary>
    /// <param name="drifted">Called with what happened, in words for a log and an Event, within 2 s of it; the rules are then to be applied in full.</param>
    /// <param name="cancellation">Ends it.</param>
    Task RunAsync(Action<string> drifted, CancellationToken cancellation);
}
