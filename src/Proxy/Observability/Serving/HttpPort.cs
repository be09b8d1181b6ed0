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
    private readonly FullPorts _fullPorts;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly HashSet<PortConnection> _connections = [];
    private readonly LinkedList<PortConnection> _waiting = new(); // longest waiting first
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationToken _closed;

    /// <summary>Starts to accept connections.</summary>
    /// <param name="listener">The listening socket; owned from now on.</param>
    /// <param name="contexts">Makes connections from sockets; shared, since it has a pool of buffers.</param>
    /// <param name="limits">The limits of connections.</param>
    /// <param name="answer">Answers the requests to this port.</param>
    /// <param name="accepted">Receives accepted connections.</param>
    /// <param name="fullPorts">Is notified of connections that were closed because of the limit.</param>
    /// <param name="time">The clock.</param>
    public HttpPort(
        Socket listener,
        SocketConnectionContextFactory contexts,
        ConnectionLimits limits,
        HttpAnswer answer,
        ChannelWriter<ConnectionContext> accepted,
        FullPorts fullPorts,
        TimeProvider time)
    {
        _listener = listener;
        _contexts = contexts;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!; // it is bound
        _limits = limits;
        _answer = answer;
        _accepted = accepted;
        _fullPorts = fullPorts;
        _time = time;
        _closed = _closing.Token;
        Completion = AcceptAsync();
    }

    /// <summary>The actual address and port.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Completes when the port no longer accepts connections; with an <see cref="IOException"/> if it has failed.</summary>
    public Task Completion { get; }

    /// <summary>Answers a request to this port; with an empty 200 and the end of the connection if the port is closed (spec 9.2).</summary>
    public ValueTask AnswerAsync(HttpContext context)
    {
        if (!_closed.IsCancellationRequested)
        {
            return _answer(context);
        }

        context.Response.Headers.Connection = "close";
        return ValueTask.CompletedTask;
    }

    /// <summary>Records that a connection has sent complete request headers.</summary>
    public void Answering(PortConnection connection)
    {
        lock (_gate)
        {
            connection.Place.List?.Remove(connection.Place);
        }
    }

    /// <summary>Records that a connection waits for the next request.</summary>
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
    /// Closes a connection whose idle time is over, after a request that has just arrived. A connection that has sent incomplete
    /// headers is closed by the time limit of headers, and can be evicted until then.
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

    /// <summary>Closes the port, and its connections after their current request.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();

        // A failure to accept is reported by the owner, which awaits Completion.
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
                // The client disconnected before the connection was accepted.
            }
            catch (SocketException exception)
            {
                throw new IOException($"{LocalEndPoint} no longer accepts connections: {exception.Message}", exception);
            }
        }
    }

    /// <summary>
    /// Admits a connection. At the limit, the connection that has waited longest for a request is closed: a client that keeps
    /// connections open, or never completes its headers, must not lock out probes. A new client sends its request within a
    /// round trip, and is closed last.
    /// </summary>
    private ConnectionContext? TryAdmit(Socket socket)
    {
        if (!TryMakeRoom())
        {
            socket.Dispose();
            _fullPorts.Refused(_limits, LocalEndPoint);
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
        context.ConnectionClosed.UnsafeRegister(_ => OnClosed(connection), state: null);
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
            Remove(evicted);
        }

        evicted.Abort();
        _fullPorts.Evicted(_limits, LocalEndPoint);
        return true;
    }

    private void OnClosed(PortConnection connection)
    {
        lock (_gate)
        {
            Remove(connection);
        }

        connection.Gone();
    }

    private void Remove(PortConnection connection)
    {
        _connections.Remove(connection);
        connection.Place.List?.Remove(connection.Place);
    }
}
