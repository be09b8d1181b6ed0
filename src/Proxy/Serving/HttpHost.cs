using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>
/// One Kestrel for all HTTP ports of the process. Ports open and close while it runs: a node has one per Service with a
/// health check node port, family and address, and a Kestrel each would cost a thread and a host's memory each. Kestrel
/// is used without host, dependency injection, routing and logging, and without its own listeners, each of which would keep
/// a pool of buffers; each port limits its own connections, so that no port can starve another.
/// </summary>
internal sealed class HttpHost : IAsyncDisposable
{
    private const int AcceptedButNotServed = 16;

    private readonly KestrelServer _server;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateBounded<ConnectionContext>(AcceptedButNotServed);

    private HttpHost()
    {
        SocketConnectionFactoryOptions socketOptions = new();
        HttpLimits.ApplyTo(socketOptions);
        _contexts = new(socketOptions, NullLogger.Instance);
        KestrelServerOptions serverOptions = new();
        HttpLimits.ApplyTo(serverOptions);
        IPEndPoint nominal = new(IPAddress.Loopback, 0);
        serverOptions.Listen(nominal, static listen => listen.Protocols = HttpProtocols.Http1);
        _server = new(Options.Create(serverOptions), new MergedListener(nominal, _accepted), NullLoggerFactory.Instance);
    }

    /// <summary>Starts a host without any port.</summary>
    /// <param name="logger">The log for faults in answers.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<HttpHost> StartAsync(ILogger logger, CancellationToken cancellationToken)
    {
        HttpHost host = new();
        await host._server.StartAsync<HttpContext>(new PortDispatcher(logger), cancellationToken);
        return host;
    }

    /// <summary>Opens a port.</summary>
    /// <param name="point">Where to listen.</param>
    /// <param name="maximumConnections">The most connections at a time.</param>
    /// <param name="answer">Answers the requests.</param>
    /// <exception cref="IOException">The address is in use, not that of this host, or must not be used.</exception>
    public HttpPort Open(ListenPoint point, int maximumConnections, HttpAnswer answer)
    {
        try
        {
            return new(point.Listen(HttpLimits.Backlog), _contexts, answer, maximumConnections, _accepted.Writer);
        }
        catch (SocketException exception)
        {
            throw new IOException($"cannot listen on {point}: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
        _contexts.Dispose();
    }
}
