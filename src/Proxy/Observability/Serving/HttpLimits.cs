using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// What one client may cost. Probes and scrapers send a few lines of head and no body; the ports may be open to the world.
/// </summary>
internal static class HttpLimits
{
    /// <summary>
    /// The health server. Those who probe ask every few seconds, most of them by a new connection each time: there is nothing
    /// to gain by keeping connections for longer.
    /// </summary>
    public static readonly ConnectionLimits Health = new("health", 128, TimeSpan.FromSeconds(5));

    /// <summary>The metrics server. Longer than the usual scrape interval of a minute, so that a scraper keeps its connection.</summary>
    public static readonly ConnectionLimits Metrics = new("metrics", 128, TimeSpan.FromSeconds(75));

    /// <summary>One listener of a health check node port.</summary>
    public static readonly ConnectionLimits ServiceHealth = new("service", 32, TimeSpan.FromSeconds(5));

    /// <summary>Connections the kernel keeps until they are accepted.</summary>
    public const int Backlog = 64;

    private const int KibiByte = 1024;

    /// <summary>Sets the limits of the server.</summary>
    public static void ApplyTo(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = 4 * KibiByte;
        options.Limits.MaxRequestBufferSize = 32 * KibiByte;
        options.Limits.MaxRequestHeaderCount = 64;
        options.Limits.MaxRequestHeadersTotalSize = 16 * KibiByte;
        options.Limits.MaxRequestLineSize = 4 * KibiByte;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);

        // Each port has a limit of its own, which is no longer than this.
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
    }

    /// <summary>Sets the limits of connections.</summary>
    public static void ApplyTo(SocketConnectionFactoryOptions options)
    {
        options.IOQueueCount = 1;
        options.MaxReadBufferSize = 32 * KibiByte;
        options.MaxWriteBufferSize = 64 * KibiByte;
    }
}

/// <summary>What the clients of one port may cost together.</summary>
/// <param name="Server">What the port serves, for the log and metrics: such as <c>health</c>.</param>
/// <param name="Most">The most connections at a time.</param>
/// <param name="IdleLimit">How long a connection may wait for a whole request head, its first or the next.</param>
internal sealed record ConnectionLimits(string Server, int Most, TimeSpan IdleLimit);
