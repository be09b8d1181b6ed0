using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Received changes, and those that wait for a sync (spec 10.1).</summary>
internal sealed class ChangeMetrics
{
    private readonly Counter _endpointChanges;
    private readonly Counter _serviceChanges;
    private readonly Gauge _endpointChangesPending;
    private readonly Gauge _serviceChangesPending;

    /// <summary>Registers the metrics.</summary>
    public ChangeMetrics(MetricsPage page)
    {
        _endpointChangesPending = page.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_endpoint_changes_pending", "EndpointSlice changes that wait for a sync."));
        _serviceChangesPending = page.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_service_changes_pending", "Services with changes that wait for a sync."));
        _endpointChanges = page.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_endpoint_changes_total", "EndpointSlice events, counted once per family."));
        _serviceChanges = page.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_service_changes_total", "Service events, counted once per family."));
    }

    /// <summary>Counts an EndpointSlice event that a family accepted.</summary>
    /// <param name="isChange">Whether the slice differs from the known one.</param>
    public void EndpointsChanged(bool isChange)
    {
        _endpointChanges.Inc();
        if (isChange)
        {
            _endpointChangesPending.Inc();
        }
    }

    /// <summary>Resets the pending EndpointSlice changes, which a sync has taken.</summary>
    public void EndpointChangesTaken() => _endpointChangesPending.Set(0);

    /// <summary>Counts a Service event that a family handled.</summary>
    /// <param name="pendingServices">The number of the family's Services that wait for a sync.</param>
    public void ServiceChanged(int pendingServices)
    {
        _serviceChanges.Inc();
        _serviceChangesPending.Set(pendingServices);
    }

    /// <summary>Resets the pending Service changes, which a sync has taken.</summary>
    public void ServiceChangesTaken() => _serviceChangesPending.Set(0);
}
