using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// One Kestrel for all HTTP ports of the process. Ports open and close while it runs: a node has one per Service with a
/// health check node port, family and address, and a Kestrel each would cost a thread and a host's memory each. Kestrel
/// is used without host, dependency injection, routing and logging, and without its own listeners, each of which would keep
/// a pool of buffers; each port limits its own connections, so that no port can starve another.
/// </summary>
internal sealed class HttpHost : IAsyncDisposable
{
    private const int AcceptedButNotServed = 16;

    private readonly FullPorts _crowds;
    private readonly TimeProvider _time;
    private readonly KestrelServer _server;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateBounded<ConnectionContext>(AcceptedButNotServed);

    private HttpHost(FullPorts crowds, TimeProvider time)
    {
        _crowds = crowds;
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
    /// <param name="metrics">Counts connections that had to go.</param>
    /// <param name="time">The clock for idle connections.</param>
    /// <param name="logger">The log for faults in answers and for ports with too many clients.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<HttpHost> StartAsync(ConnectionMetrics metrics, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        HttpHost host = new(new FullPorts(metrics, time, logger), time);
        await host._server.StartAsync<HttpContext>(new PortDispatcher(logger), cancellationToken);
        return host;
    }

    /// <summary>Opens a port.</summary>
    /// <param name="point">Where to listen.</param>
    /// <param name="limits">What its clients may cost.</param>
    /// <param name="answer">Answers the requests.</param>
    /// <exception cref="IOException">The address is in use, not that of this host, or must not be used.</exception>
    public HttpPort Open(ListenPoint point, ConnectionLimits limits, HttpAnswer answer)
    {
        try
        {
            return new(point.Listen(HttpLimits.Backlog), _contexts, limits, answer, _accepted.Writer, _crowds, _time);
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
