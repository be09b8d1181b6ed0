using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>The one listener that Kestrel sees: connections of all ports, in the order they were accepted.</summary>
/// <param name="endpoint">A name for it; nothing is bound.</param>
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
