using System.Net;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// The outermost handler: refuses requests to other servers, requests HTTP/2, and sets the name that the certificate must
/// have.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="tlsServerName">The name for SNI and verification; empty for that of the server.</param>
/// <param name="inner">Sends the requests.</param>
internal sealed class OriginHandler(Uri server, string tlsServerName, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly string _host = tlsServerName.Length == 0 || server.IsDefaultPort ? tlsServerName : $"{tlsServerName}:{server.Port}";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { } target
            || Uri.Compare(target, server, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
        {
            // The credentials and the authorities are for this server only.
            throw new InvalidOperationException($"this client sends requests only to {server}; use a relative address");
        }

        // Only convenience methods of HttpClient use its default version; the default of a message is 1.1.
        if (request.Version == HttpVersion.Version11 && request.VersionPolicy == HttpVersionPolicy.RequestVersionOrLower)
        {
            request.Version = HttpVersion.Version20;
        }

        if (_host.Length != 0)
        {
            // .NET takes the name for SNI and for verification from this header; SslOptions.TargetHost is ignored (wire notes 11).
            request.Headers.Host = _host;
        }

        return base.SendAsync(request, cancellationToken);
    }
}
