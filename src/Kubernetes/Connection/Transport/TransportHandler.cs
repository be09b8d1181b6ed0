using System.Runtime.InteropServices;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Sends requests over connections made with the current certificates. When these are replaced, new requests use new
/// connections, and the old ones are closed when their requests have ended.
/// </summary>
/// <param name="authority">Gets the current authority; null for the system's authorities.</param>
/// <param name="certificate">Gets the current client certificate, for requests whose credential has none of its own.</param>
/// <param name="connect">Makes the handler of new connections.</param>
/// <param name="logger">The log.</param>
internal sealed class TransportHandler(
    Func<ServerAuthority?> authority,
    Func<ClientCertificate?> certificate,
    Func<TlsMaterial, HttpMessageHandler> connect,
    ILogger logger) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private Connections? _current;
    private bool _isDisposed;

    /// <summary>The option of a request that holds its credential.</summary>
    public static HttpRequestOptionsKey<Credential> CredentialKey { get; } = new("KubeProxySharp.Credential");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ClientCertificate? own = request.Options.TryGetValue(CredentialKey, out Credential? credential) ? credential.Certificate : null;
        Connections connections = Enter(new(authority(), own ?? certificate()));
        try
        {
            return await connections.Invoker.SendAsync(request, cancellationToken);
        }
        finally
        {
            connections.Leave();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_gate)
            {
                _isDisposed = true;
                _current?.Leave();
                _current = null;
            }
        }

        base.Dispose(disposing);
    }

    private Connections Enter(TlsMaterial material)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_current is null || _current.Material != material)
            {
                Connections next = new(material, connect(material));
                if (_current is not null)
                {
                    logger.TransportReplaced();
                    _current.Leave();
                }

                _current = next;
            }

            _current.Enter();
            return _current;
        }
    }
}

/// <summary>
/// Connections made with the same certificates, with a reference count of the creator and of every request that waits for
/// its headers; the last one to leave disposes of the handler. Response bodies that are still being read are not affected: a
/// disposed handler closes only connections without streams.
/// </summary>
/// <param name="material">The certificates of the connections.</param>
/// <param name="handler">Opens the connections.</param>
internal sealed class Connections(TlsMaterial material, HttpMessageHandler handler)
{
    private int _users = 1;

    public TlsMaterial Material { get; } = material;

    public HttpMessageInvoker Invoker { get; } = new(handler, disposeHandler: true);

    /// <summary>Adds a user; allowed only while the creator has not left.</summary>
    public void Enter() => Interlocked.Increment(ref _users);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Invoker.Dispose();
        }
    }
}

/// <summary>The certificates that connections are made with. Equal as long as none is replaced.</summary>
/// <param name="Authority">The trusted authority; null for the system's authorities.</param>
/// <param name="Certificate">The client certificate; null for none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TlsMaterial(ServerAuthority? Authority, ClientCertificate? Certificate);
