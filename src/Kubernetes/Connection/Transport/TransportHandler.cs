using System.Runtime.InteropServices;
using KubeProxySharp.Kubernetes.Connection.Credentials;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Sends requests over connections made with the current certificates. When these are replaced, new requests get new
/// connections, and the old ones are closed after what runs on them has ended.
/// </summary>
/// <param name="authority">Whom to trust now.</param>
/// <param name="certificate">Who we are now, unless the credential of the request brings its own certificate.</param>
/// <param name="connect">Makes the handler of new connections.</param>
/// <param name="logger">Where replacements are told.</param>
internal sealed class TransportHandler(
    Func<ServerAuthority?> authority,
    Func<ClientCertificate?> certificate,
    Func<TlsMaterial, HttpMessageHandler> connect,
    ILogger logger) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private Connections? _current;
    private bool _isDisposed;

    /// <summary>The credential that a request was given.</summary>
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
/// Connections made with the same certificates. Belongs to its creator and to every request that waits for its headers;
/// the last to leave closes it. Bodies that are still being read go on: a handler that is disposed closes only connections
/// without streams.
/// </summary>
/// <param name="material">What the connections are made with.</param>
/// <param name="handler">Makes them.</param>
internal sealed class Connections(TlsMaterial material, HttpMessageHandler handler)
{
    private int _users = 1;

    public TlsMaterial Material { get; } = material;

    public HttpMessageInvoker Invoker { get; } = new(handler, disposeHandler: true);

    /// <summary>Only while the creator has not left.</summary>
    public void Enter() => Interlocked.Increment(ref _users);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Invoker.Dispose();
        }
    }
}

/// <summary>What connections are made with. Equal when nothing was replaced.</summary>
/// <param name="Authority">Whom to trust; null for the system's authorities.</param>
/// <param name="Certificate">Who we are; null for nobody.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TlsMaterial(ServerAuthority? Authority, ClientCertificate? Certificate);
