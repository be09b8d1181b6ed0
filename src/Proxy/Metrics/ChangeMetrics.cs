using System.Diagnostics.Metrics;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Changes that arrived, and those that wait for a sync (spec 10.1).</summary>
internal sealed class ChangeMetrics
{
    private readonly Counter<long> _endpointChanges;
    private readonly Counter<long> _serviceChanges;
    private long _endpointChangesPending;
    private long _serviceChangesPending;

    /// <summary>Registers the metrics.</summary>
    public ChangeMetrics(MetricRegistry registry)
    {
        registry.ReadGauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_endpoint_changes_pending", "EndpointSlice changes that wait for a sync."),
            () => [new(Interlocked.Read(ref _endpointChangesPending))]);
        registry.ReadGauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_service_changes_pending", "Services with changes that wait for a sync."),
            () => [new(Interlocked.Read(ref _serviceChangesPending))]);
        _endpointChanges = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_endpoint_changes_total", "EndpointSlice events, counted once per family."));
        _serviceChanges = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_service_changes_total", "Service events, counted once per family."));
    }

    /// <summary>A family accepted the event of a slice.</summary>
    /// <param name="isChange">Whether the slice differs from what was known.</param>
    public void EndpointsChanged(bool isChange)
    {
        _endpointChanges.Add(1);
        if (isChange)
        {
            Interlocked.Increment(ref _endpointChangesPending);
        }
    }

    /// <summary>A sync took all slice changes.</summary>
    public void EndpointChangesTaken() => Interlocked.Exchange(ref _endpointChangesPending, 0);

    /// <summary>A family handled the event of a Service.</summary>
    /// <param name="pendingServices">Services of the family that now wait for a sync.</param>
    public void ServiceChanged(int pendingServices)
    {
        _serviceChanges.Add(1);
        Interlocked.Exchange(ref _serviceChangesPending, pendingServices);
    }

    /// <summary>A sync took all Service changes.</summary>
    public void ServiceChangesTaken() => Interlocked.Exchange(ref _serviceChangesPending, 0);
}
