namespace KubeProxySharp.Proxy.Metrics;

/// <summary>The types of the Prometheus exposition formats that this program uses.</summary>
internal enum MetricKind
{
    /// <summary>Only grows; starts at 0 with the program.</summary>
    Counter,

    /// <summary>Any value.</summary>
    Gauge,

    /// <summary>Counts of observations by size.</summary>
    Histogram,
}
