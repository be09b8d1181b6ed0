using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>One open listener of an <see cref="HttpHost"/>. Disposing it closes the port before it returns.</summary>
internal sealed class HttpPort : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly ConnectionLimits _limits;
    private readonly HttpAnswer _answer;
    private readonly ChannelWriter<ConnectionContext> _accepted;
    private readonly FullPorts _crowds;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<PortConnection> _connections = [];
    private readonly LinkedList<PortConnection> _waiting = new(); // the one that waits longest first
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationToken _closed;

    /// <summary>Starts to accept connections.</summary>
    /// <param name="listener">The listening socket; owned from now on.</param>
    /// <param name="contexts">Makes connections of sockets; shared, for it has a pool of buffers.</param>
    /// <param name="limits">What the clients may cost.</param>
    /// <param name="answer">Answers the requests that come in here.</param>
    /// <param name="accepted">Where accepted connections go.</param>
    /// <param name="crowds">Is told of connections that had to go.</param>
    /// <param name="time">The clock.</param>
    public HttpPort(
        Socket listener,
        SocketConnectionContextFactory contexts,
        ConnectionLimits limits,
        HttpAnswer answer,
        ChannelWriter<ConnectionContext> accepted,
        FullPorts crowds,
        TimeProvider time)
    {
        _listener = listener;
        _contexts = contexts;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!; // it is bound
        _limits = limits;
        _answer = answer;
        _accepted = accepted;
        _crowds = crowds;
        _time = time;
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

    /// <summary>A connection has sent a whole request head.</summary>
    public void Answering(PortConnection connection)
    {
        lock (_gate)
        {
            connection.Place.List?.Remove(connection.Place);
        }
    }

    /// <summary>A connection waits for the next request.</summary>
    public void Waiting(PortConnection connection)
    {
        lock (_gate)
        {
            if (_connections.Contains(connection))
            {
                _waiting.AddLast(connection.Place);
            }
        }
    }

    /// <summary>
    /// Asks a connection to end whose time is over; a request that has just come is still answered. One that has sent half a
    /// head ends with the time that a head may take, and can make room until then.
    /// </summary>
    public void CloseIdle(PortConnection connection)
    {
        lock (_gate)
        {
            if (connection.Place.List is null)
            {
                return;
            }
        }

        connection.RequestClose();
    }

    /// <summary>Closes the port, and asks its connections to end after the request they are at.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();

        // Whether accepting ended by a fault was for the one who watches Completion to tell.
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _closing.Dispose();
        PortConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
        }

        foreach (PortConnection connection in connections)
        {
            connection.RequestClose();
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

    /// <summary>
    /// Lets a connection in. Of more than the limit, the one goes that has waited longest for a request: somebody who keeps
    /// connections open, or sends heads that never end, must not shut out probes. A new client sends its request within a
    /// round trip, and is the last to go.
    /// </summary>
    private ConnectionContext? TryAdmit(Socket socket)
    {
        if (!TryMakeRoom())
        {
            socket.Dispose();
            _crowds.Refused(_limits, LocalEndPoint);
            return null;
        }

        socket.NoDelay = true;
        ConnectionContext context = _contexts.Create(socket);
        PortConnection connection = new(this, context, _limits.IdleLimit, _time);
        context.Features.Set(connection);
        lock (_gate)
        {
            _connections.Add(connection);
            _waiting.AddLast(connection.Place);
        }

        connection.Begin();
        context.ConnectionClosed.UnsafeRegister(_ => Leave(connection), state: null);
        return context;
    }

    private bool TryMakeRoom()
    {
        PortConnection evicted;
        lock (_gate)
        {
            if (_connections.Count < _limits.Most)
            {
                return true;
            }

            if (_waiting.First is not { } first)
            {
                return false;
            }

            evicted = first.Value;
            Forget(evicted);
        }

        evicted.Abort();
        _crowds.Evicted(_limits, LocalEndPoint);
        return true;
    }

    private void Leave(PortConnection connection)
    {
        lock (_gate)
        {
            Forget(connection);
        }

        connection.Gone();
    }

    private void Forget(PortConnection connection)
    {
        _connections.Remove(connection);
        connection.Place.List?.Remove(connection.Place);
    }
}
