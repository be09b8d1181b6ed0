namespace KubeProxySharp.Kubernetes.Api;

/// <summary>The way to the API server. Who makes it owns TLS, credentials, proxies and HTTP/2 pings (wire notes 3.8, 5, 11).</summary>
public interface IApiConnection
{
    /// <summary>The server's URL; a path in it comes before every request's path.</summary>
    Uri Server { get; }

    /// <summary>
    /// Sends requests. Asked for before every request, so that another one can take its place when certificates change.
    /// Its time-out must be infinite: deadlines are the caller's.
    /// </summary>
    HttpClient Http { get; }

    /// <summary>Whether lists may come compressed; false for <c>disable-compression</c> in a kubeconfig (wire notes 2.5).</summary>
    bool AllowsCompression { get; }

    /// <summary>Completes when a file with a token, a certificate or the authorities has been replaced; whoever waits to try again need not wait on.</summary>
    Task WaitForReplacedFilesAsync(CancellationToken cancellationToken);
}
