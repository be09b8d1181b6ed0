namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>A part of the agent that failed and is started again and again.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="Since">The first of them.</param>
/// <param name="Last">The last of them.</param>
/// <param name="LastError">Why it failed the last time.</param>
/// <param name="IsHealthy">Whether that can be lived with: it has not failed for long, or rules do not depend on it.</param>
internal sealed record TaskHealth(string Name, int Failures, DateTimeOffset Since, DateTimeOffset Last, string LastError, bool IsHealthy);
