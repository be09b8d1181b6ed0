using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Connections to our own HTTP ports that had to go because a port had as many as it may.</summary>
internal sealed class ConnectionMetrics
{
    private readonly Counter _closed;

    /// <summary>Registers the metric.</summary>
    public ConnectionMetrics(MetricsPage page)
    {
        _closed = page.Counter(MetricDefinition.Own(
            "http_connections_closed_total",
            "Connections closed because a port had as many as it may: those that waited longest, to make room (evicted), and new ones while all others were being answered (refused).",
            "reason",
            "server"));
    }

    /// <summary>A connection that waited for a request made room for a new one.</summary>
    public void Evicted(string server) => _closed.WithLabels("evicted", server).Inc();

    /// <summary>A new connection was closed.</summary>
    public void Refused(string server) => _closed.WithLabels("refused", server).Inc();
}
