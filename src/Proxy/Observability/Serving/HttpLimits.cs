using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// The limits of clients. Probes and scrapers send short headers and no body; the ports may be reachable from anywhere.
/// </summary>
internal static class HttpLimits
{
    /// <summary>
    /// The health server. Probes come every few seconds, mostly on a new connection each time, so it is useless to keep idle
    /// connections for longer.
    /// </summary>
    public static readonly ConnectionLimits Health = new("health", 128, TimeSpan.FromSeconds(5));

    /// <summary>The metrics server. The idle limit is above the usual scrape interval of a minute, so that a scraper keeps its connection.</summary>
    public static readonly ConnectionLimits Metrics = new("metrics", 128, TimeSpan.FromSeconds(75));

    /// <summary>One listener of a health check node port.</summary>
    public static readonly ConnectionLimits ServiceHealth = new("service", 32, TimeSpan.FromSeconds(5));

    /// <summary>The most connections that the kernel queues until they are accepted.</summary>
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

        // Each port has its own limit, which is not longer than this.
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

/// <summary>The limits of all clients of a port.</summary>
/// <param name="Server">The name of the server in the log and metrics, such as <c>health</c>.</param>
/// <param name="Most">The most connections at a time.</param>
/// <param name="IdleLimit">How long a connection may wait for complete request headers, its first or the next ones.</param>
internal sealed record ConnectionLimits(string Server, int Most, TimeSpan IdleLimit);
