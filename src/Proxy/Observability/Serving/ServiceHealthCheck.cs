namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>The health check node port of a Service (spec 9.2).</summary>
/// <param name="Port">The port.</param>
/// <param name="LocalEndpoints">Ready endpoints on this node, counted by distinct IP (spec 3.9).</param>
internal readonly record struct ServiceHealthCheck(int Port, int LocalEndpoints);
