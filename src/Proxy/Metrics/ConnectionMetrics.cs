using System.Diagnostics.Metrics;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Connections to our own HTTP ports that had to go because a port had as many as it may.</summary>
internal sealed class ConnectionMetrics
{
    private static readonly KeyValuePair<string, object?> s_evicted = new("reason", "evicted");
    private static readonly KeyValuePair<string, object?> s_refused = new("reason", "refused");

    private readonly Counter<long> _closed;

    /// <summary>Registers the metric.</summary>
    public ConnectionMetrics(MetricRegistry registry)
    {
        _closed = registry.Counter(MetricDefinition.Own(
            "http_connections_closed_total",
            "Connections closed because a port had as many as it may: those that waited longest, to make room (evicted), and new ones while all others were being answered (refused).",
            "reason",
            "server"));
    }

    /// <summary>A connection that waited for a request made room for a new one.</summary>
    public void Evicted(string server) => _closed.Add(1, s_evicted, new("server", server));

    /// <summary>A new connection was closed.</summary>
    public void Refused(string server) => _closed.Add(1, s_refused, new("server", server));
}
