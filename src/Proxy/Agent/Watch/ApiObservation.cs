using System.Collections.Concurrent;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Status;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>Reports requests, watches and problems of the API server to metrics and the log.</summary>
internal sealed partial class ApiObservation(ProxyMetrics metrics, StatusRecorder status, ILogger log) : IApiObserver
{
    private readonly ConcurrentDictionary<string, string> _problems = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void OnRequest(in ApiRequestReport report) =>
        metrics.ApiClient.RequestFinished(HttpMethod.Parse(report.Method), report.Host, (int?)report.StatusCode, report.Duration);

    /// <inheritdoc/>
    public void OnResourceVersion(string resource, string resourceVersion)
    {
        if (Find(resource) is { } watched)
        {
            metrics.Watches.EventReceived(watched);
            metrics.Watches.Entered(watched, WatchState.Watching);
        }
    }

    /// <inheritdoc/>
    public void OnProblem(string resource, string? problem)
    {
        if (Find(resource) is { } watched)
        {
            metrics.Watches.Entered(watched, problem is null ? WatchState.Watching : WatchState.BackingOff);
        }

        if (problem is null)
        {
            if (_problems.TryRemove(resource, out _))
            {
                LogRecovered(resource);
            }
        }
        else if (!_problems.TryGetValue(resource, out string? known) || known != problem)
        {
            // Once for each new problem: a server that is unreachable for an hour must not fill the log.
            _problems[resource] = problem;
            status.ApiFailed(resource, problem);
            LogProblem(resource, problem);
        }
    }

    private static WatchedResource? Find(string resource) => resource switch
    {
        "services" => WatchedResource.Services,
        "endpointslices" => WatchedResource.EndpointSlices,
        "nodes" => WatchedResource.Nodes,
        "servicecidrs" => WatchedResource.ServiceCidrs,
        _ => null,
    };

    [LoggerMessage(EventId = 5010, Level = LogLevel.Warning, Message = "Watching {Resource}: {Problem}")]
    private partial void LogProblem(string resource, string problem);

    [LoggerMessage(EventId = 5011, Level = LogLevel.Information, Message = "Watching {Resource} works again")]
    private partial void LogRecovered(string resource);
}
