namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>What the clients of one port may cost together.</summary>
/// <param name="Server">What the port serves, for the log and metrics: such as <c>health</c>.</param>
/// <param name="Most">The most connections at a time.</param>
/// <param name="IdleLimit">How long a connection may wait for a whole request head, its first or the next.</param>
internal sealed record ConnectionLimits(string Server, int Most, TimeSpan IdleLimit);
