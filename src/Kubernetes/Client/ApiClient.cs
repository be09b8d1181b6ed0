using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Wire;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Sends requests to the API server: headers, format, and failures as <see cref="ApiException"/>. Everything beyond that
/// (waits and retries) is left to the caller, except that the connection sends a request that was refused with 401 again if
/// it has new credentials.
/// </summary>
/// <param name="connection">The connection to the server.</param>
/// <param name="options">Headers of all requests.</param>
/// <param name="observer">Is notified of every request.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Receives the server's warnings.</param>
public sealed class ApiClient(
    ApiConnection connection, ApiClientOptions options, IApiObserver observer, TimeProvider timeProvider, ILogger<ApiClient> logger)
{
    private readonly SeenWarnings _warnings = new(logger);
    private readonly Lock _lock = new();
    private Reachability? _reachability;

    internal TimeProvider TimeProvider => timeProvider;

    internal IApiObserver Observer => observer;

    /// <summary>Whether a request failed on the connection, or because nothing arrived in time: the server has not refused it.</summary>
    internal static bool IsLostConnection(Exception e) =>
        e is IOException or HttpRequestException or SocketException or InvalidDataException or OperationCanceledException;

    /// <summary>Sends a request and waits for the headers of its answer.</summary>
    /// <returns>A successful answer, to be disposed of by the caller.</returns>
    /// <exception cref="ApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The server could not be reached.</exception>
    internal async Task<HttpResponseMessage> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await SendOnceAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new ApiException(request.ToString(), await ErrorReader.ReadAsync(response, timeProvider, cancellationToken));
        }
    }

    /// <summary>Waits for the server after it could not be reached; all users of this client share one probe.</summary>
    internal Task WaitForServerAsync(CancellationToken cancellationToken) => Reachability.WaitAsync(cancellationToken);

    /// <summary>Waits; the wait ends early when a file with credentials or certificates is replaced.</summary>
    internal async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        if (pause <= TimeSpan.Zero)
        {
            return;
        }

        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(pause, timeProvider, over.Token), connection.WaitForReplacedFilesAsync(over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private Reachability Reachability
    {
        get
        {
            lock (_lock)
            {
                return _reachability ??= new(this, Random.Shared);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = Message(request);
        long start = timeProvider.GetTimestamp();
        HttpStatusCode? code = null;
        try
        {
            HttpResponseMessage response =
                await connection.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            code = response.StatusCode;
            _warnings.Take(response);
            return response;
        }
        finally
        {
            TimeSpan duration = timeProvider.GetElapsedTime(start);
            observer.OnRequest(new(request.Method.Method, connection.Server.Authority, code, duration, request.IsWatch));
        }
    }

    private HttpRequestMessage Message(ApiRequest request)
    {
        string url = connection.Server.GetLeftPart(UriPartial.Path).TrimEnd('/') + request.PathAndQuery;
        HttpRequestMessage message = new(request.Method, url)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", request.Accept ?? options.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        if (!request.Body.IsEmpty)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType);
        }

        return message;
    }
}

/// <summary>Headers that all requests of a client have.</summary>
public sealed record ApiClientOptions
{
    /// <summary>
    /// <c>Accept</c>; the default is what kube-proxy sends (wire notes 1.1). <c>acceptContentTypes</c> of the
    /// configuration, if it is set.
    /// </summary>
    public string Accept { get; init; } = "application/vnd.kubernetes.protobuf, */*";

    /// <summary><c>User-Agent</c>. It must not begin like a browser's or curl's: the server pretty-prints for those.</summary>
    public string UserAgent { get; init; } = "kube-proxy-sharp/0.1.0 (linux/amd64)";
}

/// <summary>A request to the API server; may be sent more than once.</summary>
/// <param name="Method">GET, POST or PATCH.</param>
/// <param name="PathAndQuery">Without the server's own path prefix.</param>
internal sealed record ApiRequest(HttpMethod Method, string PathAndQuery)
{
    public ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "";

    /// <summary>The <c>Accept</c> header; null for that of the client.</summary>
    public string? Accept { get; init; }

    public bool IsWatch { get; init; }

    /// <summary>Method and path without the query.</summary>
    public override string ToString()
    {
        int query = PathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return $"{Method} {(query < 0 ? PathAndQuery : PathAndQuery[..query])}";
    }
}

/// <summary>The API server answered a request with a failure.</summary>
/// <param name="request">Method and path.</param>
/// <param name="status">The Status that the server returned.</param>
public sealed class ApiException(string request, ApiStatus status) : Exception($"{request}: {status}")
{
    /// <summary>The Status that the server returned.</summary>
    public ApiStatus Status { get; } = status;
}
