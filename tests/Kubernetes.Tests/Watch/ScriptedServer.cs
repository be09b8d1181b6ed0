using System.Net;
using System.Net.Http.Headers;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>Stands in for the way to an API server: answers the requests in turn from a script, and then no more.</summary>
internal sealed class ScriptedServer(TimeProvider time) : HttpMessageHandler, IApiObserver
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    private readonly Queue<Func<HttpResponseMessage>> _script = [];
    private readonly List<RecordedRequest> _requests = [];
    private readonly List<DateTimeOffset> _probes = [];
    private readonly Queue<Func<HttpResponseMessage>> _probeScript = [];
    private readonly TaskCompletionSource _filesReplaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string?> _problems = [];
    private readonly Lock _lock = new();
    private ApiConnection? _connection;

    public Uri Server { get; init; } = new("https://api.example:6443");

    public ApiConnection Connection => _connection ??= new(Server, this, _filesReplaced.Task.WaitAsync);

    /// <summary>When it was asked whether it is there. These questions are not among the requests.</summary>
    public IReadOnlyList<DateTimeOffset> Probes
    {
        get
        {
            lock (_lock)
            {
                return [.. _probes];
            }
        }
    }

    public string LastVersion { get; private set; } = "";

    public List<ApiRequestReport> Reports { get; } = [];

    public IReadOnlyList<RecordedRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    public IReadOnlyList<string?> Problems
    {
        get
        {
            lock (_lock)
            {
                return [.. _problems];
            }
        }
    }

    public ScriptedServer Watch(byte[] content, BodyEnd end = BodyEnd.Silent) => Watch(new ScriptedBody(content, end));

    public ScriptedServer Watch(Stream body) => Reply(() => Answer(HttpStatusCode.OK, new StreamContent(body), Protobuf + ";stream=watch"));

    public ScriptedServer List(byte[] content) => Reply(() => Answer(HttpStatusCode.OK, new ByteArrayContent(content), Protobuf));

    public ScriptedServer Refuse(HttpStatusCode code, byte[] body, string contentType = Protobuf, int? retryAfter = null) => Reply(() =>
    {
        HttpResponseMessage response = Answer(code, new ByteArrayContent(body), contentType);
        if (retryAfter is int seconds)
        {
            response.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
        }

        return response;
    });

    public ScriptedServer Unreachable() => Reply(() => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused"));

    public ScriptedServer Reply(Func<HttpResponseMessage> reply)
    {
        _script.Enqueue(reply);
        return this;
    }

    /// <summary>The next question whether it is there fails; after those that were announced it is there.</summary>
    public ScriptedServer Absent(int times = 1, HttpStatusCode? code = null)
    {
        for (int index = 0; index < times; index++)
        {
            _probeScript.Enqueue(code is { } answer
                ? () => new HttpResponseMessage(answer)
                : static () => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused"));
        }

        return this;
    }

    /// <summary>The next question is answered 503 with Retry-After.</summary>
    public void AbsentFor(TimeSpan retryAfter) => _probeScript.Enqueue(() => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)
    {
        Headers = { RetryAfter = new RetryConditionHeaderValue(retryAfter) },
    });

    /// <summary>A file with a credential was replaced.</summary>
    public void ReplaceFiles() => _filesReplaced.TrySetResult();

    public void OnRequest(in ApiRequestReport report)
    {
        lock (_lock)
        {
            Reports.Add(report);
        }
    }

    public void OnResourceVersion(string resource, string resourceVersion) => LastVersion = resourceVersion;

    public void OnProblem(string resource, string? problem)
    {
        lock (_lock)
        {
            _problems.Add(problem);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Func<HttpResponseMessage>? reply;
        if (request.RequestUri!.AbsolutePath.EndsWith("/readyz", StringComparison.Ordinal))
        {
            lock (_lock)
            {
                _probes.Add(time.GetUtcNow());
                return _probeScript.TryDequeue(out Func<HttpResponseMessage>? absent) ? absent() : new HttpResponseMessage(HttpStatusCode.OK);
            }
        }

        lock (_lock)
        {
            _requests.Add(new(request, body, time.GetUtcNow(), _problems.Count));
            _script.TryDequeue(out reply);
        }

        if (reply is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        }

        return reply!(); // the delay above never ends well
    }

    protected override void Dispose(bool disposing)
    {
        _connection?.Dispose();
        base.Dispose(disposing);
    }

    private static HttpResponseMessage Answer(HttpStatusCode code, HttpContent content, string contentType)
    {
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return new HttpResponseMessage(code) { Content = content };
    }
}

/// <summary>A request that a scripted server received.</summary>
/// <param name="Message">What was asked.</param>
/// <param name="Body">Its body.</param>
/// <param name="Time">When it came.</param>
/// <param name="Problems">How many problems, and ends of problems, had been reported before it.</param>
internal sealed record RecordedRequest(HttpRequestMessage Message, byte[] Body, DateTimeOffset Time, int Problems)
{
    public string Path => Message.RequestUri!.PathAndQuery;

    /// <summary>The path without the time-out, which is random.</summary>
    public string FixedPath => System.Text.RegularExpressions.Regex.Replace(
        Path, "&timeoutSeconds=[0-9]+", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));

    public string? Parameter(string name) => System.Web.HttpUtility.ParseQueryString(Message.RequestUri!.Query)[name];
}
