namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The promise that Kubernetes makes about a metric; its name in brackets opens the help text (spec 10.1).</summary>
internal enum MetricStability
{
    /// <summary>Not a metric of Kubernetes.</summary>
    None,

    /// <summary>May change with every release.</summary>
    Alpha,

    /// <summary>Keeps its name and type.</summary>
    Beta,

    /// <summary>Keeps its name, type and labels.</summary>
    Stable,
}
