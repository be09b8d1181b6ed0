using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>One connection of an <see cref="HttpPort"/>: it waits for a request, or its request is being answered.</summary>
internal sealed class PortConnection
{
    private readonly HttpPort _port;
    private readonly TimeSpan _idleLimit;
    private readonly TimeProvider _time;
    private ITimer? _timer;

    /// <summary>Makes a connection that nothing ends yet.</summary>
    /// <param name="port">The port it came in by.</param>
    /// <param name="context">The connection.</param>
    /// <param name="idleLimit">How long it may wait for a request.</param>
    /// <param name="time">The clock.</param>
    public PortConnection(HttpPort port, ConnectionContext context, TimeSpan idleLimit, TimeProvider time)
    {
        _port = port;
        _idleLimit = idleLimit;
        _time = time;
        Context = context;
        Place = new(this);
    }

    /// <summary>The connection.</summary>
    public ConnectionContext Context { get; }

    /// <summary>Its place among those of the port that wait; in no list while it is being answered or gone. The port guards it.</summary>
    public LinkedListNode<PortConnection> Place { get; }

    /// <summary>Begins to wait for the first request; the port knows the connection by now.</summary>
    public void Begin() => _timer = _time.CreateTimer(static state => ((PortConnection)state!).Expire(), this, _idleLimit, Timeout.InfiniteTimeSpan);

    /// <summary>Answers a request.</summary>
    public async ValueTask AnswerAsync(HttpContext context)
    {
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _port.Answering(this);
        try
        {
            await _port.AnswerAsync(context);
        }
        finally
        {
            _port.Waiting(this);
            _timer?.Change(_idleLimit, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Asks it to end after the request it is at; one that the server has not got to yet ends at once.</summary>
    public void RequestClose()
    {
        if (Context.Features.Get<IConnectionLifetimeNotificationFeature>() is { } server)
        {
            server.RequestClose();
        }
        else
        {
            Context.Abort(new ConnectionAbortedException("nobody had begun to serve it when it was to end"));
        }
    }

    /// <summary>Closes it at once, whatever it has sent.</summary>
    public void Abort()
    {
        Gone();
        Context.Abort(new ConnectionAbortedException("a new connection needs the room"));
    }

    /// <summary>It is closed.</summary>
    public void Gone() => _timer?.Dispose();

    private void Expire() => _port.CloseIdle(this);
}
