namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Which of a Service's two traffic policies is meant.</summary>
internal enum TrafficPolicyScope
{
    /// <summary><c>spec.internalTrafficPolicy</c>.</summary>
    Internal,

    /// <summary><c>spec.externalTrafficPolicy</c>.</summary>
    External,
}
