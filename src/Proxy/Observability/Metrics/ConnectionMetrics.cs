using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Connections to the agent's HTTP ports that were closed because a port had reached its limit.</summary>
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

    /// <summary>Counts a waiting connection that was closed in favour of a new one.</summary>
    public void Evicted(string server) => _closed.WithLabels("evicted", server).Inc();

    /// <summary>Counts a new connection that was closed.</summary>
    public void Refused(string server) => _closed.WithLabels("refused", server).Inc();
}
