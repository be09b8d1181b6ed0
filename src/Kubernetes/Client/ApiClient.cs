using System.Net;
using System.Net.Http.Headers;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Sends requests to the API server: headers, format, and failures as <see cref="ApiException"/>. Everything beyond that
/// (waiting, trying again) is the caller's; a request that is refused with 401 is sent again with fresh credentials by the
/// connection, if there are any.
/// </summary>
/// <param name="connection">The way to the server.</param>
/// <param name="options">What requests say about the client.</param>
/// <param name="observer">Hears of every request.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Receives the server's warnings.</param>
public sealed class ApiClient(
    ApiConnection connection, ApiClientOptions options, IApiObserver observer, TimeProvider timeProvider, ILogger<ApiClient> logger)
{
    private readonly SeenWarnings _warnings = new(logger);
    private readonly Lock _lock = new();
    private Reachability? _reachability;

    /// <summary>The clock of everything that uses this client.</summary>
    internal TimeProvider TimeProvider => timeProvider;

    /// <summary>Hears of everything that uses this client.</summary>
    internal IApiObserver Observer => observer;

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

    /// <summary>Waits for the server after it could not be reached; one question for all that use this client.</summary>
    internal Task WaitForServerAsync(CancellationToken cancellationToken) => Reachability.WaitAsync(cancellationToken);

    /// <summary>Waits; a file with credentials or certificates that is replaced ends the wait at once.</summary>
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
