using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Requests to the API server, under the names of Kubernetes' own client (spec 10.2).</summary>
internal sealed class ApiClientMetrics
{
    private static readonly ConcurrentDictionary<int, KeyValuePair<string, object?>> s_codes = new();
    private static readonly KeyValuePair<string, object?> s_noCode = new("code", "<error>");

    private readonly Counter<long> _requests;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _requestSize;
    private readonly Histogram<double> _responseSize;
    private readonly Histogram<double> _limiterDuration;

    /// <summary>Registers the metrics.</summary>
    public ApiClientMetrics(MetricRegistry registry)
    {
        _requests = registry.Counter(Define("requests_total", "Requests by status code, method and host.", [], "code", "host", "method"));
        _retries = registry.Counter(Define("request_retries_total", "Retries of requests by status code, verb and host.", [], "code", "host", "verb"));
        _duration = registry.Histogram(Define("request_duration_seconds", "Duration of requests, in seconds.", BucketBounds.Request, "host", "verb"));
        _requestSize = registry.Histogram(Define("request_size_bytes", "Size of request bodies, in bytes.", BucketBounds.Size, "host", "verb"));
        _responseSize = registry.Histogram(Define("response_size_bytes", "Size of response bodies, in bytes.", BucketBounds.Size, "host", "verb"));
        _limiterDuration = registry.Histogram(
            Define("rate_limiter_duration_seconds", "Time requests waited for the client's own rate limit, in seconds.", BucketBounds.Request, "host", "verb"));
    }

    /// <summary>A request ended: for a watch, its head was read.</summary>
    /// <param name="method">The HTTP method; of the few that the client uses.</param>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="statusCode">The status code; null when there was no answer.</param>
    /// <param name="duration">From sending until the head of the answer was there.</param>
    public void RequestFinished(HttpMethod method, string host, int? statusCode, TimeSpan duration)
    {
        KeyValuePair<string, object?> hostTag = new("host", host);
        _requests.Add(1, CodeTag(statusCode), hostTag, new("method", method.Method));
        _duration.Record(duration.TotalSeconds, hostTag, new("verb", method.Method));
    }

    /// <summary>The bodies of a request that is over.</summary>
    public void BodiesTransferred(HttpMethod method, string host, long requestBytes, long responseBytes)
    {
        KeyValuePair<string, object?> hostTag = new("host", host);
        KeyValuePair<string, object?> verbTag = new("verb", method.Method);
        _requestSize.Record(requestBytes, hostTag, verbTag);
        _responseSize.Record(responseBytes, hostTag, verbTag);
    }

    /// <summary>A request is sent again.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="statusCode">The status code that led to it; null when there was no answer.</param>
    public void RequestRetried(HttpMethod method, string host, int? statusCode) =>
        _retries.Add(1, CodeTag(statusCode), new("host", host), new("verb", method.Method));

    /// <summary>A request waited for the client's own rate limit.</summary>
    public void RateLimited(HttpMethod method, string host, TimeSpan duration) =>
        _limiterDuration.Record(duration.TotalSeconds, new("host", host), new("verb", method.Method));

    private static MetricDefinition Define(string name, string help, double[] buckets, params string[] labels) =>
        new("rest_client_" + name, help) { Labels = labels, Stability = MetricStability.Alpha, Buckets = buckets };

    // HTTP has three digits: whatever a server says, the table stays small.
    private static KeyValuePair<string, object?> CodeTag(int? statusCode) => statusCode is >= 100 and <= 999
        ? s_codes.GetOrAdd(statusCode.Value, static code => new("code", code.ToString(CultureInfo.InvariantCulture)))
        : s_noCode;
}
