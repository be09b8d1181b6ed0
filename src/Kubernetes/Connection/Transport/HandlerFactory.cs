using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>Creates the HTTP handlers that open connections to the server.</summary>
/// <param name="server">The server.</param>
/// <param name="options">Options of the cluster.</param>
/// <param name="settings">Time limits.</param>
internal sealed class HandlerFactory(Uri server, HandlerOptions options, ConnectionSettings settings)
{
    private const int KeepAliveSeconds = 30;
    private const int KeepAliveProbeSeconds = 5;
    private const int KeepAliveProbes = 3;

    /// <summary>Creates a handler.</summary>
    /// <param name="material">The certificates of its connections.</param>
    public SocketsHttpHandler Create(TlsMaterial material) => new()
    {
        // The API server sends no redirects, and impersonation headers must not be sent to another server.
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = options.DisablesCompression ? DecompressionMethods.None : DecompressionMethods.GZip,
        ConnectCallback = ConnectSocketAsync,
        ConnectTimeout = settings.ConnectTimeout,
        // A server allows 100 streams; the next request opens another connection instead of waiting.
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = settings.PingDelay,
        KeepAlivePingTimeout = settings.PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        UseProxy = options.Proxy is not null,
        Proxy = options.Proxy,
        SslOptions = TlsOptions(material),
    };

    private SslClientAuthenticationOptions TlsOptions(TlsMaterial material)
    {
        SslClientAuthenticationOptions tls = new()
        {
#pragma warning disable CA5398 // older versions must stay off whatever the system allows (wire notes 5.6)
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
#pragma warning restore CA5398
            ClientCertificateContext = material.Certificate?.Context,
        };
        if (options.SkipsVerification)
        {
#pragma warning disable CA5359, MA0039 // requested by insecure-skip-tls-verify; a warning was logged
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359, MA0039
            return tls;
        }

        ServerVerification verification = new(material.Authority, options.TlsServerName.Length == 0 ? server.IdnHost : options.TlsServerName);
        tls.CertificateChainPolicy = verification.ChainPolicy();
#pragma warning disable CA5359 // it refuses by throwing an exception with the reason, so the analyzer sees no return of false
        tls.RemoteCertificateValidationCallback = verification.Verify;
#pragma warning restore CA5359
        return tls;
    }

    private static async ValueTask<Stream> ConnectSocketAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // HTTP/1.1 has no pings: only keep-alive detects a peer that is gone (wire notes 3.8).
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveProbeSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Options of the connections to a cluster.</summary>
internal sealed record HandlerOptions
{
    /// <summary>The name for SNI and verification; empty for that of the server.</summary>
    public string TlsServerName { get; init; } = "";

    public bool SkipsVerification { get; init; }

    public bool DisablesCompression { get; init; }

    public WebProxy? Proxy { get; init; }
}
