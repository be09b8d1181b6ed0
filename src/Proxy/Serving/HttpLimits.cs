using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>
/// What one client may cost. Probes and scrapers send a few lines of head and no body; the ports may be open to the world.
/// </summary>
internal static class HttpLimits
{
    /// <summary>Connections at a time of the health server and the metrics server each.</summary>
    public const int ServerConnections = 128;

    /// <summary>Connections at a time of one health check node port listener.</summary>
    public const int ServiceConnections = 32;

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

        // Longer than the usual scrape interval of a minute, so that a scraper keeps its connection.
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
