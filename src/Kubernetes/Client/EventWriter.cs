using System.Text.Json;
using System.Threading.Channels;
using k8s.Models;
using KubeProxySharp.Kubernetes.Connection.Transport;
using KubeProxySharp.Kubernetes.Wire;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>
/// Writes Events about this node in the background: it never blocks its callers, drops events when the queue is full, and
/// counts repetitions instead of writing each one (spec 12.6, wire notes 10).
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="reporter">The reporting controller and instance of all events.</param>
/// <param name="requestsPerSecond">The rate limit; kube-proxy's default is 5 (wire notes 6).</param>
/// <param name="burst">How many requests may be made at once; kube-proxy's default is 10.</param>
/// <param name="random">The source of jitter.</param>
/// <param name="logger">The log.</param>
public sealed class EventWriter(
    ApiClient client, EventReporter reporter, double requestsPerSecond, int burst, Random random, ILogger<EventWriter> logger)
{
    private const int QueueLength = 1000;
    private const int MaxSeries = 1000;
    private const int MaxTries = 12;
    private const int MaxUidLength = 128;

    /// <summary>More than the largest object that an API server stores.</summary>
    private const int MaxAnswerLength = 4 * 1024 * 1024;

    private const string JsonMediaType = "application/json";

    /// <summary>A list of metadata alone; a server before Kubernetes 1.15 does not know it and sends whole objects.</summary>
    private const string MetadataMediaType = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

    private static readonly TimeSpan s_retryDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_uidDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_requestDeadline = TimeSpan.FromSeconds(60);

    private readonly Channel<ClusterEvent> _queue =
        Channel.CreateBounded<ClusterEvent>(new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly Dictionary<(ObjectReference, EventKind, string, string), EventSeries> _series = [];
    private readonly TokenBucket _bucket = new(requestsPerSecond, burst, client.TimeProvider);
    private readonly ResiliencePipeline _attempts = Attempts(client.TimeProvider, random);
    private long _dropped;

    /// <summary>Number of events that were dropped because the queue was full or the server did not accept them.</summary>
    public long LostCount => Interlocked.Read(ref _dropped);

    /// <summary>Queues an event and returns at once.</summary>
    /// <param name="regarding">The object that the event is about.</param>
    /// <param name="type">Its type.</param>
    /// <param name="reason">The reason, in CamelCase.</param>
    /// <param name="action">What was being done, in CamelCase.</param>
    /// <param name="note">The description for people; may be empty, and is truncated to 1024 bytes.</param>
    public void Write(ObjectReference regarding, EventKind type, string reason, string action, string note)
    {
        if (_queue.Writer.TryWrite(new(regarding, type, reason, action, note, client.TimeProvider.GetUtcNow())))
        {
            return;
        }

        if (Interlocked.Increment(ref _dropped) == 1)
        {
            Log.EventQueueFull(logger);
        }
    }

    /// <summary>Writes queued events until it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task<bool> arrival = _queue.Reader.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            await WaitAsync(arrival, cancellationToken);
            if (arrival.IsCompleted)
            {
                await arrival;
                while (_queue.Reader.TryRead(out ClusterEvent? next))
                {
                    await HandleAsync(next, cancellationToken);
                }

                arrival = _queue.Reader.WaitToReadAsync(cancellationToken).AsTask();
            }

            await WriteDueAsync(cancellationToken);
        }
    }

    /// <summary>Waits for an event, or until a series is due.</summary>
    private async Task WaitAsync(Task arrival, CancellationToken cancellationToken)
    {
        if (_series.Count == 0)
        {
            await arrival;
            return;
        }

        TimeSpan untilDue = _series.Values.Min(series => series.Due) - client.TimeProvider.GetUtcNow();
        if (untilDue <= TimeSpan.Zero)
        {
            return;
        }

        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(arrival, Task.Delay(untilDue, client.TimeProvider, waiting.Token));
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task HandleAsync(ClusterEvent next, CancellationToken cancellationToken)
    {
        if (_series.TryGetValue(next.Key, out EventSeries? series) && !series.IsOver(next.Time))
        {
            series.Repeat(next.Time);
            await WriteCountAsync(series, cancellationToken);
            return;
        }

        if (series is not null)
        {
            // The end of the old series was not handled yet: its last count is written first.
            await WriteCountAsync(series, cancellationToken);
        }

        EventSeries started = new(next with { Regarding = await WithUidAsync(next.Regarding, cancellationToken) });
        bool isWritten = await SendAsync(Creation(started), next.Reason, cancellationToken) is null;
        if (isWritten && (_series.Count < MaxSeries || _series.ContainsKey(next.Key)))
        {
            _series[next.Key] = started;
        }
        else
        {
            _series.Remove(next.Key);
        }
    }

    /// <summary>
    /// Looks up the uid of a Service, by which <c>kubectl describe</c> finds Events. The event is written without it if that
    /// fails. Events are rare, so a request is cheaper than to store the uids of all Services. It is a list request since
    /// the role of a node has no permission to get a Service.
    /// </summary>
    private async Task<ObjectReference> WithUidAsync(ObjectReference regarding, CancellationToken cancellationToken)
    {
        if (regarding is not { Kind: "Service", Uid.Length: 0 })
        {
            return regarding;
        }

        using CancellationTokenSource deadline = new(s_uidDeadline, client.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            string path = $"/api/v1/namespaces/{Uri.EscapeDataString(regarding.Namespace)}/services?fieldSelector="
                + Uri.EscapeDataString("metadata.name=" + regarding.Name);
            using HttpResponseMessage response = await client.SendAsync(new(HttpMethod.Get, path) { Accept = MetadataMediaType }, either.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerLength, either.Token);
            await using Stream body = await response.Content.ReadAsStreamAsync(either.Token);
            PartialObjectList? found = await JsonSerializer.DeserializeAsync(body, EventJson.Default.PartialObjectList, either.Token);
            return found?.Items is [{ Metadata: { Uid: { Length: > 0 and <= MaxUidLength } uid } metadata }, ..] && metadata.Name == regarding.Name
                ? regarding with { Uid = uid }
                : regarding;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && (e is ApiException or JsonException or FormatException || ApiClient.IsLostConnection(e)))
        {
            Log.NoUid(logger, regarding.Kind, regarding.Name, e.Message);
            return regarding;
        }
    }

    private async Task WriteDueAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = client.TimeProvider.GetUtcNow();
        EventSeries[] due = [.. _series.Values.Where(series => series.Due <= now)];
        foreach (EventSeries series in due)
        {
            await WriteCountAsync(series, cancellationToken);
            if (series.IsOver(now))
            {
                _series.Remove(series.First.Key);
            }
        }
    }

    private async Task WriteCountAsync(EventSeries series, CancellationToken cancellationToken)
    {
        DateTimeOffset now = client.TimeProvider.GetUtcNow();
        if (!series.MustWrite(now))
        {
            return;
        }

        ApiRequest patch = Request(
            HttpMethod.Patch, $"{Path(series.First)}/{series.Name}", ClusterEvent.PatchOf(series.Count, series.Last), "application/strategic-merge-patch+json");
        ApiStatus? refusal = await SendAsync(patch, series.First.Reason, cancellationToken);
        if (refusal?.Code == 404)
        {
            // The server deletes events after an hour by default.
            await SendAsync(Creation(series), series.First.Reason, cancellationToken);
        }

        series.Written(now);
    }

    private static string Path(ClusterEvent of) => $"/apis/events.k8s.io/v1/namespaces/{Uri.EscapeDataString(of.Namespace)}/events";

    private static ApiRequest Request(HttpMethod method, string path, Eventsv1Event body, string contentType) => new(method, path)
    {
        Body = JsonSerializer.SerializeToUtf8Bytes(body, EventJson.Default.Eventsv1Event),
        ContentType = contentType,
        Accept = JsonMediaType,
    };

    private ApiRequest Creation(EventSeries series) => Request(
        HttpMethod.Post, Path(series.First), series.First.ToObject(series.Name, reporter, series.Count, series.Last), JsonMediaType);

    /// <summary>Sends a request. A refusal is final, except 429; a request that did not reach the server is repeated.</summary>
    /// <returns>The refusal; null if the server accepted the request.</returns>
    private async Task<ApiStatus?> SendAsync(ApiRequest request, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await _attempts.ExecuteAsync(attempt => SendOnceAsync(request, attempt), cancellationToken);
            return null;
        }
        catch (ApiException e)
        {
            return request.Method == HttpMethod.Patch && e.Status.Code == 404 ? e.Status : Drop(e.Status, reason, e.Message);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return Drop(new ApiStatus(), reason, e.Message);
        }
    }

    private async ValueTask SendOnceAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        await _bucket.TakeAsync(cancellationToken);
        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
    }

    private static ResiliencePipeline Attempts(TimeProvider time, Random random) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static attempt => ValueTask.FromResult(attempt.Outcome.Exception is not (null or OperationCanceledException)
                && (attempt.Outcome.Exception is not ApiException refusal || refusal.Status.Code == 429)),
            MaxRetryAttempts = MaxTries - 1,
            Delay = s_retryDelay,
            BackoffType = DelayBackoffType.Constant,
            UseJitter = true,
            Randomizer = random.NextDouble,
            DelayGenerator = static attempt => ValueTask.FromResult((attempt.Outcome.Exception as ApiException)?.Status.RetryAfter),
        })
        .AddTimeout(s_requestDeadline)
        .Build();

    private ApiStatus Drop(ApiStatus status, string reason, string problem)
    {
        Interlocked.Increment(ref _dropped);
        Log.EventLost(logger, reason, problem);
        return status;
    }
}

/// <summary>The reporter of Events (spec 12.6).</summary>
/// <param name="Controller">The reporting controller; <c>kube-proxy</c>, so that existing tools find the events.</param>
/// <param name="Instance">The reporting instance: <c>kube-proxy-</c> and the host's name.</param>
public sealed record EventReporter(string Controller, string Instance);
