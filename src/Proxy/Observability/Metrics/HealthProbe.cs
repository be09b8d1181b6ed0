namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The two questions that the health server answers (spec 9.1).</summary>
internal enum HealthProbe
{
    /// <summary><c>/healthz</c>: should traffic come to this node?</summary>
    Healthz,

    /// <summary><c>/livez</c>: does the proxy work?</summary>
    Livez,
}
