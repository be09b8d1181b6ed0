using System.Diagnostics.Metrics;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Passes over the conntrack table, in more detail than kube-proxy's own metrics (<see cref="ConntrackMetrics"/>).</summary>
internal sealed class FlowMetrics
{
    /// <summary>The most service ports whose flows are told.</summary>
    public const int MaximumServices = 50;

    private static readonly string[] s_reasons = ["foreign", "healthy", "endpoint_gone", "no_endpoints", "service_gone", "not_translated"];

    private readonly Counter<long> _passes;
    private readonly Counter<long> _examined;
    private readonly Counter<long> _deleted;
    private readonly Histogram<double> _duration;
    private readonly Gauge<double> _entries;
    private readonly Gauge<double> _limit;
    private IReadOnlyList<ServiceFlowCount> _services = [];

    /// <summary>Registers the metrics.</summary>
    public FlowMetrics(MetricRegistry registry)
    {
        _passes = registry.Counter(MetricDefinition.Own("conntrack_passes_total", "Passes over the conntrack table.", "result"));
        _examined = registry.Counter(MetricDefinition.Own("conntrack_examined_total", "Flows that were compared with the rules."));
        _deleted = registry.Counter(MetricDefinition.Own("conntrack_deleted_total", "Stale flows that were removed.", "protocol", "reason"));
        _duration = registry.Histogram(
            MetricDefinition.Own("conntrack_pass_duration_seconds", "Duration of a pass over the conntrack table, in seconds.").WithBuckets(BucketBounds.Sync));
        _entries = registry.Gauge(MetricDefinition.Own("conntrack_entries", "Flows in the conntrack table after the last pass."));
        _limit = registry.Gauge(MetricDefinition.Own("conntrack_entries_limit", "The most flows that the conntrack table may have; 0 when the kernel does not tell."));
        registry.ReadGauge(
            MetricDefinition.Own("conntrack_service_flows", $"Flows to endpoints of a service port at the last pass; of many, the {MaximumServices} with the most.", MetricTags.Family, "namespace", "service", "port", "protocol"),
            () => Volatile.Read(ref _services).Select(static count => new Measurement<double>(
                count.Flows,
                (ReadOnlySpan<KeyValuePair<string, object?>>)
                [
                    MetricTags.Of(count.Family), new("namespace", count.Name.Service.Namespace), new("service", count.Name.Service.Name),
                    new("port", count.Name.Port), new("protocol", count.Name.Protocol.ToUpperText()),
                ])));
    }

    /// <summary>A pass ended.</summary>
    public void Passed(FlowCleanUpResult result)
    {
        _passes.Add(1, new KeyValuePair<string, object?>("result", result.IsComplete && result.Failed == 0 ? "complete" : "partial"));
        _examined.Add(result.Examined);
        _duration.Record(result.Duration.TotalSeconds);
        CountDeleted(result);
    }

    /// <summary>The size of the table was read.</summary>
    public void Sized(TableSize size)
    {
        _entries.Record(size.Entries);
        _limit.Record(size.Limit);
    }

    /// <summary>The flows of Services were counted.</summary>
    /// <param name="services">The service ports with the most; at most <see cref="MaximumServices"/>.</param>
    public void Counted(IReadOnlyList<ServiceFlowCount> services) => Volatile.Write(ref _services, services);

    /// <summary>A pass failed.</summary>
    /// <param name="unfinished">What it did until then; null if it did nothing.</param>
    public void Failed(FlowCleanUpResult? unfinished)
    {
        _passes.Add(1, new KeyValuePair<string, object?>("result", "failed"));
        if (unfinished is not null)
        {
            _examined.Add(unfinished.Examined);
            CountDeleted(unfinished);
        }
    }

    private void CountDeleted(FlowCleanUpResult result)
    {
        foreach ((FlowVerdict verdict, TransportProtocol protocol, long count) in result.Deleted.NonZero())
        {
            _deleted.Add(count, new("protocol", protocol.ToUpperText()), new("reason", s_reasons[(int)verdict]));
        }
    }
}
