using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>One open listener of an <see cref="HttpHost"/>. Disposing it closes the port before it returns.</summary>
internal sealed class HttpPort : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly HttpAnswer _answer;
    private readonly int _maximumConnections;
    private readonly ChannelWriter<ConnectionContext> _accepted;
    private readonly HashSet<ConnectionContext> _connections = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationToken _closed;

    /// <summary>Starts to accept connections.</summary>
    /// <param name="listener">The listening socket; owned from now on.</param>
    /// <param name="contexts">Makes connections of sockets; shared, for it has a pool of buffers.</param>
    /// <param name="answer">Answers the requests that come in here.</param>
    /// <param name="maximumConnections">Connections beyond this number are closed as they come.</param>
    /// <param name="accepted">Where accepted connections go.</param>
    public HttpPort(
        Socket listener,
        SocketConnectionContextFactory contexts,
        HttpAnswer answer,
        int maximumConnections,
        ChannelWriter<ConnectionContext> accepted)
    {
        _listener = listener;
        _contexts = contexts;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!; // it is bound
        _answer = answer;
        _maximumConnections = maximumConnections;
        _accepted = accepted;
        _closed = _closing.Token;
        Completion = AcceptAsync();
    }

    /// <summary>Address and port in fact listened on.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Ends when the port no longer accepts connections; with an <see cref="IOException"/> if that was not asked for.</summary>
    public Task Completion { get; }

    /// <summary>Answers a request that came in here; with an empty 200 and the end of the connection if the port is closed (spec 9.2).</summary>
    public ValueTask AnswerAsync(HttpContext context)
    {
        if (!_closed.IsCancellationRequested)
        {
            return _answer(context);
        }

        context.Response.Headers.Connection = "close";
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the port, and asks its connections to end after the request they are at.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();

        // Whether accepting ended by a fault was for the one who watches Completion to tell.
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _closing.Dispose();
        ConnectionContext[] connections;
        lock (_connections)
        {
            connections = [.. _connections];
        }

        foreach (ConnectionContext connection in connections)
        {
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_closed.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_closed);
                if (TryAdmit(socket) is { } connection)
                {
                    await _accepted.WriteAsync(connection, CancellationToken.None);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // The client left before it was let in.
            }
            catch (SocketException exception)
            {
                throw new IOException($"{LocalEndPoint} no longer accepts connections: {exception.Message}", exception);
            }
        }
    }

    private ConnectionContext? TryAdmit(Socket socket)
    {
        lock (_connections)
        {
            if (_connections.Count >= _maximumConnections)
            {
                socket.Dispose();
                return null;
            }

            socket.NoDelay = true;
            ConnectionContext connection = _contexts.Create(socket);
            _connections.Add(connection);
            connection.Features.Set(this);
            connection.ConnectionClosed.UnsafeRegister(_ => Leave(connection), state: null);
            return connection;
        }
    }

    private void Leave(ConnectionContext connection)
    {
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }
}
