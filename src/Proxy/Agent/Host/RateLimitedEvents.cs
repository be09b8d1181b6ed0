using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Observability.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>Writes at most one Event a minute for each object and reason, whatever part of the agent reports it.</summary>
/// <param name="events">Writes the Events.</param>
/// <param name="time">The clock.</param>
internal sealed class RateLimitedEvents(EventSink events, TimeProvider time) : IDisposable
{
    private readonly RepeatedReports _reports = new(time);

    /// <summary>Writes an Event, now or with the others of this minute.</summary>
    public void Write(ObjectReference regarding, EventKind kind, string reason, string action, string note) =>
        _reports.Report(
            $"{reason} {regarding.Kind} {regarding.Namespace}/{regarding.Name}",
            times => events(regarding, kind, reason, action, note + times));

    /// <inheritdoc/>
    public void Dispose() => _reports.Dispose();
}
