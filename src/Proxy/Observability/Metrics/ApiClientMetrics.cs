using System.Globalization;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Requests to the API server, under the names of Kubernetes' own client (spec 10.2).</summary>
internal sealed class ApiClientMetrics
{
    private readonly BoundedSeries<RequestLabels, Counter.Child> _requests;
    private readonly BoundedSeries<RequestLabels, Counter.Child> _retries;
    private readonly BoundedSeries<RequestLabels, Histogram.Child> _duration;
    private readonly BoundedSeries<RequestLabels, Histogram.Child> _requestSize;
    private readonly BoundedSeries<RequestLabels, Histogram.Child> _responseSize;
    private readonly BoundedSeries<RequestLabels, Histogram.Child> _limiterDuration;

    /// <summary>Registers the metrics.</summary>
    public ApiClientMetrics(MetricsPage page)
    {
        Counter dropped = page.Counter(MetricDefinition.Own(
            "metrics_dropped_updates_total", $"Updates dropped because a metric had {BoundedSeries<RequestLabels, Counter.Child>.Maximum} series already."));
        _requests = WithCode("requests_total", "Requests by status code, method and host.", "method");
        _retries = WithCode("request_retries_total", "Retries of requests by status code, verb and host.", "verb");
        _duration = WithBuckets("request_duration_seconds", "Duration of requests, in seconds.", BucketBounds.Request);
        _requestSize = WithBuckets("request_size_bytes", "Size of request bodies, in bytes.", BucketBounds.Size);
        _responseSize = WithBuckets("response_size_bytes", "Size of response bodies, in bytes.", BucketBounds.Size);
        _limiterDuration = WithBuckets(
            "rate_limiter_duration_seconds", "Time requests waited for the client's own rate limit, in seconds.", BucketBounds.Request);

        BoundedSeries<RequestLabels, Counter.Child> WithCode(string name, string help, string method) => new(
            page.Counter(Define(name, help, "code", "host", method)), static request => [CodeText(request.Code), request.Host, request.Method], dropped);

        BoundedSeries<RequestLabels, Histogram.Child> WithBuckets(string name, string help, double[] buckets) => new(
            page.Histogram(Define(name, help, "host", "verb").WithBuckets(buckets)), static request => [request.Host, request.Method], dropped);
    }

    /// <summary>Records a finished request; for a watch, the headers of its response.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="statusCode">The status code; null if there was no response.</param>
    /// <param name="duration">The time from sending to the headers of the response.</param>
    public void RequestFinished(HttpMethod method, string host, int? statusCode, TimeSpan duration)
    {
        _requests[new(CodeOf(statusCode), host, method.Method)]?.Inc();
        _duration[new(null, host, method.Method)]?.Observe(duration.TotalSeconds);
    }

    /// <summary>Records the sizes of the bodies of a finished request.</summary>
    public void BodiesTransferred(HttpMethod method, string host, long requestBytes, long responseBytes)
    {
        RequestLabels request = new(null, host, method.Method);
        _requestSize[request]?.Observe(requestBytes);
        _responseSize[request]?.Observe(responseBytes);
    }

    /// <summary>Counts a request that is sent again.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="statusCode">The status code that caused it; null if there was no response.</param>
    public void RequestRetried(HttpMethod method, string host, int? statusCode) =>
        _retries[new(CodeOf(statusCode), host, method.Method)]?.Inc();

    /// <summary>Records the wait of a request for the client's own rate limit.</summary>
    public void RateLimited(HttpMethod method, string host, TimeSpan duration) =>
        _limiterDuration[new(null, host, method.Method)]?.Observe(duration.TotalSeconds);

    private static MetricDefinition Define(string name, string help, params string[] labels) =>
        new("rest_client_" + name, help) { Labels = labels, Stability = MetricStability.Alpha };

    // Status codes have three digits; other values of a broken server would make the number of series unlimited.
    private static int? CodeOf(int? statusCode) => statusCode is >= 100 and <= 999 ? statusCode : null;

    private static string CodeText(int? code) => code?.ToString(CultureInfo.InvariantCulture) ?? "<error>";

    private readonly record struct RequestLabels(int? Code, string Host, string Method);
}
