using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Inputs;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Passes over the conntrack table, in more detail than the metrics of kube-proxy (<see cref="ConntrackMetrics"/>).</summary>
internal sealed class FlowMetrics
{
    /// <summary>The most service ports with a series of their own.</summary>
    public const int MaximumServices = 50;

    private static readonly string[] s_reasons = ["foreign", "healthy", "endpoint_gone", "no_endpoints", "service_gone", "not_translated"];

    private readonly Counter _passes;
    private readonly Counter _examined;
    private readonly Counter _deleted;
    private readonly Histogram _duration;
    private readonly Gauge _entries;
    private readonly Gauge _limit;
    private IReadOnlyList<ServiceFlowCount> _services = [];
    private long _deletedTotal;

    /// <summary>Registers the metrics.</summary>
    public FlowMetrics(MetricsPage page)
    {
        _passes = page.Counter(MetricDefinition.Own("conntrack_passes_total", "Passes over the conntrack table.", "result"));
        _examined = page.Counter(MetricDefinition.Own("conntrack_examined_total", "Flows that were compared with the rules."));
        _deleted = page.Counter(MetricDefinition.Own("conntrack_deleted_total", "Stale flows that were removed.", "protocol", "reason"));
        _duration = page.Histogram(
            MetricDefinition.Own("conntrack_pass_duration_seconds", "Duration of a pass over the conntrack table, in seconds.").WithBuckets(BucketBounds.Sync));
        _entries = page.Gauge(MetricDefinition.Own("conntrack_entries", "Flows in the conntrack table after the last pass."));
        _limit = page.Gauge(MetricDefinition.Own("conntrack_entries_limit", "The most flows that the conntrack table may have; 0 when the kernel does not tell."));
        page.ReadGauge(
            MetricDefinition.Own("conntrack_service_flows", $"Flows to endpoints of a service port at the last pass; of many, the {MaximumServices} with the most.", MetricDefinition.Family, "namespace", "service", "port", "protocol"),
            () => Volatile.Read(ref _services),
            static count =>
            [
                $"{count.Family}", count.Name.Service.Namespace, count.Name.Service.Name, count.Name.Port, count.Name.Protocol.ToUpperText(),
            ],
            static count => count.Flows);
    }

    /// <summary>Records a pass.</summary>
    public void Passed(FlowCleanUpResult result)
    {
        _passes.WithLabels(result.IsComplete && result.Failed == 0 ? "complete" : "partial").Inc();
        _examined.Inc(result.Examined);
        _duration.Observe(result.Duration.TotalSeconds);
        CountDeleted(result);
    }

    /// <summary>Sets the size of the table.</summary>
    public void Sized(TableSize size)
    {
        _entries.Set(size.Entries);
        _limit.Set(size.Limit);
    }

    /// <summary>Sets the numbers of flows of Services.</summary>
    /// <param name="services">The service ports with the most flows; at most <see cref="MaximumServices"/>.</param>
    public void Counted(IReadOnlyList<ServiceFlowCount> services) => Volatile.Write(ref _services, services);

    /// <summary>Records a failed pass.</summary>
    /// <param name="unfinished">Its result up to the failure; null if there is none.</param>
    public void Failed(FlowCleanUpResult? unfinished)
    {
        _passes.WithLabels("failed").Inc();
        if (unfinished is not null)
        {
            _examined.Inc(unfinished.Examined);
            CountDeleted(unfinished);
        }
    }

    /// <summary>The size of the table at the last pass, the stale flows removed so far, and the service ports with the most flows.</summary>
    public (long Entries, long Limit, long Deleted, IReadOnlyList<ServiceFlowCount> Services) Read() =>
        ((long)_entries.Value, (long)_limit.Value, Interlocked.Read(ref _deletedTotal), Volatile.Read(ref _services));

    private void CountDeleted(FlowCleanUpResult result)
    {
        Interlocked.Add(ref _deletedTotal, result.Deleted.Total);
        foreach ((FlowVerdict verdict, TransportProtocol protocol, long count) in result.Deleted.NonZero())
        {
            _deleted.WithLabels(protocol.ToUpperText(), s_reasons[(int)verdict]).Inc(count);
        }
    }
}
