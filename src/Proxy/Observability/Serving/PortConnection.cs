using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>A connection of an <see cref="HttpPort"/>, which waits for a request or has one that is being answered.</summary>
internal sealed class PortConnection
{
    private readonly HttpPort _port;
    private readonly TimeSpan _idleLimit;
    private readonly TimeProvider _time;
    private ITimer? _timer;

    /// <summary>Makes a connection without an idle timer; see <see cref="Begin"/>.</summary>
    /// <param name="port">The port that accepted it.</param>
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

    /// <summary>Its node in the port's list of waiting connections; in no list while a request is being answered or after the end. Guarded by the port's lock.</summary>
    public LinkedListNode<PortConnection> Place { get; }

    /// <summary>Starts the idle timer for the first request; the port must know the connection.</summary>
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

    /// <summary>Closes it after its current request; at once if the server has not started to serve it.</summary>
    public void RequestClose()
    {
        if (Context.Features.Get<IConnectionLifetimeNotificationFeature>() is { } server)
        {
            server.RequestClose();
        }
        else
        {
            Context.Abort(new ConnectionAbortedException("the port was closed before the connection was served"));
        }
    }

    /// <summary>Closes it at once.</summary>
    public void Abort()
    {
        Gone();
        Context.Abort(new ConnectionAbortedException("the port has reached its limit of connections"));
    }

    /// <summary>Stops the timer of a closed connection.</summary>
    public void Gone() => _timer?.Dispose();

    private void Expire() => _port.CloseIdle(this);
}
