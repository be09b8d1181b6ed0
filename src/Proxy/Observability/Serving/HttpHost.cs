using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// One Kestrel server for all HTTP ports of the process. Ports are opened and closed while it runs: a node has one per Service
/// with a health check node port, family and address, and a server for each would cost a thread and the memory of a host.
/// Kestrel is used without host, dependency injection, routing and logging, and without its own listeners, each of which
/// would have a pool of buffers. Each port limits its own connections, so that no port can starve another.
/// </summary>
internal sealed class HttpHost : IAsyncDisposable
{
    private const int AcceptQueueLength = 16;

    private readonly FullPorts _fullPorts;
    private readonly TimeProvider _time;
    private readonly KestrelServer _server;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateBounded<ConnectionContext>(AcceptQueueLength);

    private HttpHost(FullPorts fullPorts, TimeProvider time)
    {
        _fullPorts = fullPorts;
        _time = time;
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
    /// <param name="metrics">Counts connections that were closed because of a limit.</param>
    /// <param name="time">The clock for idle connections.</param>
    /// <param name="logger">The log of unhandled exceptions and of ports with too many clients.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<HttpHost> StartAsync(ConnectionMetrics metrics, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        HttpHost host = new(new FullPorts(metrics, time, logger), time);
        await host._server.StartAsync<HttpContext>(new PortDispatcher(logger), cancellationToken);
        return host;
    }

    /// <summary>Opens a port.</summary>
    /// <param name="point">The address and port to listen on.</param>
    /// <param name="limits">The limits of its connections.</param>
    /// <param name="answer">Answers the requests.</param>
    /// <exception cref="IOException">The address is in use, not an address of this host, or not permitted.</exception>
    public HttpPort Open(ListenPoint point, ConnectionLimits limits, HttpAnswer answer)
    {
        try
        {
            return new(point.Listen(HttpLimits.Backlog), _contexts, limits, answer, _accepted.Writer, _fullPorts, _time);
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

/// <summary>Answers a request. Called concurrently; an exception is a bug, and closes the connection.</summary>
/// <param name="context">The request and the response.</param>
internal delegate ValueTask HttpAnswer(HttpContext context);

/// <summary>The only listener of Kestrel: returns the connections of all ports in the order in which they were accepted.</summary>
/// <param name="endpoint">Its nominal address, which is not bound.</param>
/// <param name="accepted">The connections.</param>
internal sealed class MergedListener(EndPoint endpoint, Channel<ConnectionContext> accepted) : IConnectionListener, IConnectionListenerFactory
{
    /// <inheritdoc/>
    public EndPoint EndPoint => endpoint;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await accepted.Reader.WaitToReadAsync(cancellationToken) && accepted.Reader.TryRead(out ConnectionContext? connection) ? connection : null;

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => UnbindAsync();
}

/// <summary>Passes each request to the port of its connection.</summary>
/// <param name="logger">The log of unhandled exceptions; the client gets an empty 500.</param>
internal sealed class PortDispatcher(ILogger logger) : IHttpApplication<HttpContext>
{
    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context) => await context.Features.GetRequiredFeature<PortConnection>().AnswerAsync(context);

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // The context owns nothing. A client that has disconnected is not an error.
        if (exception is not (null or OperationCanceledException))
        {
            ServingLog.AnswerFailed(logger, context.Request.Path, exception);
        }
    }
}
