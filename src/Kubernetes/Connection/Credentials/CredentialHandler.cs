using System.Net;
using KubeProxySharp.Kubernetes.Connection.Transport;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// Adds the credential to each request. A refused credential (401) is replaced, and the request is sent once more if there is
/// a new one and the content can be sent again.
/// </summary>
/// <param name="source">The source of credentials.</param>
/// <param name="impersonation">The headers of user impersonation.</param>
/// <param name="server">The server, for the log.</param>
/// <param name="logger">The log.</param>
/// <param name="inner">Sends the requests.</param>
internal sealed class CredentialHandler(
    ICredentialSource source,
    IReadOnlyList<KeyValuePair<string, string>> impersonation,
    Uri server,
    ILogger logger,
    HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Credential credential = await source.GetAsync(cancellationToken);
        HttpResponseMessage response = await SendAsync(request, credential, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }

        logger.CredentialRefused(server);
        source.Reject(credential);
        if (request.Content is not (null or ByteArrayContent or ReadOnlyMemoryContent))
        {
            return response;
        }

        Credential fresh = await FreshAsync(response, cancellationToken);
        if (ReferenceEquals(fresh, credential))
        {
            return response;
        }

        response.Dispose();
        return await SendAsync(request, fresh, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<Credential> FreshAsync(HttpResponseMessage refused, CancellationToken cancellationToken)
    {
        try
        {
            return await source.GetAsync(cancellationToken);
        }
        catch
        {
            refused.Dispose();
            throw;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Credential credential, CancellationToken cancellationToken)
    {
        request.Options.Set(TransportHandler.CredentialKey, credential);
        request.Headers.Authorization = credential.Authorization;
        foreach ((string name, string value) in impersonation)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            // The headers have been sent. The text of a request, which may be logged, contains its headers.
            request.Headers.Authorization = null;
        }
    }
}
