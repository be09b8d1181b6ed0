using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>One open listener of an <see cref="HttpHost"/>. Disposing it closes the port before it returns.</summary>
internal sealed class HttpPort : IAsyncDisposable
{
    private readonly IConnectionListener _listener;
    private readonly HttpAnswer _answer;
    private readonly int _maximumConnections;
    private readonly ChannelWriter<ConnectionContext> _accepted;
    private readonly HashSet<ConnectionContext> _connections = [];
    private volatile bool _isClosed;

    /// <summary>Starts to accept connections.</summary>
    /// <param name="listener">The bound listener; owned from now on.</param>
    /// <param name="answer">Answers the requests that come in here.</param>
    /// <param name="maximumConnections">Connections beyond this number are closed as they come.</param>
    /// <param name="accepted">Where accepted connections go.</param>
    public HttpPort(IConnectionListener listener, HttpAnswer answer, int maximumConnections, ChannelWriter<ConnectionContext> accepted)
    {
        _listener = listener;
        _answer = answer;
        _maximumConnections = maximumConnections;
        _accepted = accepted;
        Completion = AcceptAsync();
    }

    /// <summary>Address and port in fact listened on.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_listener.EndPoint;

    /// <summary>Ends when the port no longer accepts connections; faulted if that was not asked for.</summary>
    public Task Completion { get; }

    /// <summary>Answers a request that came in here; with an empty 200 and the end of the connection if the port is closed (spec 9.2).</summary>
    public ValueTask AnswerAsync(HttpContext context)
    {
        if (!_isClosed)
        {
            return _answer(context);
        }

        context.Response.Headers.Connection = "close";
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the port, and asks its connections to end after the request they are at.</summary>
    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await _listener.UnbindAsync(CancellationToken.None);

        // Whether accepting ended by a fault was for the one who watches Completion to tell.
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _listener.DisposeAsync();
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
        while (await _listener.AcceptAsync() is { } connection)
        {
            if (!TryAdmit(connection))
            {
                connection.Abort(new ConnectionAbortedException("too many connections"));
                await connection.DisposeAsync();
                continue;
            }

            connection.Features.Set(this);
            await _accepted.WriteAsync(connection);
        }

        if (!_isClosed)
        {
            throw new IOException($"{LocalEndPoint} no longer accepts connections");
        }
    }

    private bool TryAdmit(ConnectionContext connection)
    {
        lock (_connections)
        {
            if (_connections.Count >= _maximumConnections)
            {
                return false;
            }

            _connections.Add(connection);
        }

        connection.ConnectionClosed.UnsafeRegister(_ => Leave(connection), state: null);
        return true;
    }

    private void Leave(ConnectionContext connection)
    {
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }
}
