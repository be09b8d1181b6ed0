namespace KubeProxySharp.Proxy.Agent;

/// <summary>A port on which load balancers ask whether the node has endpoints of a Service (spec 9.2).</summary>
/// <param name="Port">The port.</param>
/// <param name="LocalEndpoints">Number of ready endpoints on this node.</param>
internal readonly record struct HealthCheckPort(ushort Port, int LocalEndpoints);
