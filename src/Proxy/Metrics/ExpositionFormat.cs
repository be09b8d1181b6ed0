namespace KubeProxySharp.Proxy.Metrics;

/// <summary>The text formats of a scrape.</summary>
internal enum ExpositionFormat
{
    /// <summary>Prometheus text 0.0.4.</summary>
    Prometheus,

    /// <summary>OpenMetrics text 1.0.0.</summary>
    OpenMetrics,
}
