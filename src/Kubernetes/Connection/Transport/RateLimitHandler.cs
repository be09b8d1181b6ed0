namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Delays requests to the allowed rate. Watches take no tokens, as in client-go: they are few, and a delay would only make
/// rules stale (wire notes 6).
/// </summary>
/// <param name="bucket">The rate; null for no limit.</param>
/// <param name="inner">Sends the requests.</param>
internal sealed class RateLimitHandler(TokenBucket? bucket, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (bucket is not null && !IsWatch(request))
        {
            await bucket.TakeAsync(cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }

    private static bool IsWatch(HttpRequestMessage request)
    {
        ReadOnlySpan<char> query = request.RequestUri is { } uri ? uri.Query : "";
        foreach (Range range in query.TrimStart('?').Split('&'))
        {
            if (query.TrimStart('?')[range] is "watch=1" or "watch=true")
            {
                return true;
            }
        }

        return false;
    }
}
