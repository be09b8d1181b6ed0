using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Metrics that kube-proxy does not have: drift, size of rule texts, phases of a sync, problems of objects.</summary>
internal sealed class AgentMetrics
{
    private static readonly string[] s_reasons = ["table_lost", "chain_lost", "jump_lost", "rules_changed", "watch_lost"];
    private static readonly string[] s_severities = ["warning", "error"];

    private readonly FamilySeries<Counter.Child>[] _driftDetected;
    private readonly FamilySeries<Counter.Child>[] _driftRepaired;
    private readonly FamilySeries<Gauge.Child> _rulesTextBytes;
    private readonly FamilySeries<Histogram.Child> _render;
    private readonly FamilySeries<Histogram.Child> _tool;
    private readonly Gauge.Child[] _objectProblems;

    /// <summary>Registers the metrics.</summary>
    public AgentMetrics(MetricsPage page)
    {
        Counter detected = page.Counter(
            MetricDefinition.Own("drift_detected_total", "Times that somebody else was found to have changed our rules.", MetricDefinition.Family, "reason"));
        _driftDetected = [.. s_reasons.Select(reason => new FamilySeries<Counter.Child>(detected, reason))];
        Counter repaired = page.Counter(
            MetricDefinition.Own("drift_repaired_total", "Times that rules which somebody else had changed were written again.", MetricDefinition.Family, "reason"));
        _driftRepaired = [.. s_reasons.Select(reason => new FamilySeries<Counter.Child>(repaired, reason))];
        _rulesTextBytes = new(page.Gauge(
            MetricDefinition.Own("rules_text_bytes", "Size of the last transaction given to the kernel's tool, in bytes.", MetricDefinition.Family)));
        Histogram duration = page.Histogram(
            MetricDefinition.Own("apply_duration_seconds", "Duration of the parts of a sync, in seconds.", MetricDefinition.Family, "part").WithBuckets(BucketBounds.Sync));
        _render = new(duration, "render");
        _tool = new(duration, "tool");
        Gauge problems = page.Gauge(
            MetricDefinition.Own("object_problems", "Problems that objects of the cluster have now; the log names them.", "severity"));
        _objectProblems = [.. s_severities.Select(severity => problems.WithLabels(severity))];
    }

    /// <summary>Counts rules that another program was found to have changed.</summary>
    public void DriftDetected(IpFamily family, DriftReason reason) => _driftDetected[(int)reason][family].Inc();

    /// <summary>Counts changed rules that were restored.</summary>
    public void DriftRepaired(IpFamily family, DriftReason reason) => _driftRepaired[(int)reason][family].Inc();

    /// <summary>Records a rendered transaction.</summary>
    public void RulesRendered(IpFamily family, long textBytes, TimeSpan duration)
    {
        _rulesTextBytes[family].Set(textBytes);
        _render[family].Observe(duration.TotalSeconds);
    }

    /// <summary>Records a run of nft or iptables-restore.</summary>
    public void ToolFinished(IpFamily family, TimeSpan duration) => _tool[family].Observe(duration.TotalSeconds);

    /// <summary>Sets the number of problems of a severity that objects of the cluster have.</summary>
    public void ObjectProblems(ProblemSeverity severity, int count) => _objectProblems[(int)severity].Set(count);
}

/// <summary>How another program changed the rules.</summary>
internal enum DriftReason
{
    /// <summary>A table of this program was deleted or flushed.</summary>
    TableLost,

    /// <summary>Chains, sets or maps of this program were deleted.</summary>
    ChainLost,

    /// <summary>The jumps from built-in chains into those of this program were deleted.</summary>
    JumpLost,

    /// <summary>Rules or elements differ from those that were written.</summary>
    RulesChanged,

    /// <summary>Notifications of the kernel were lost, so everything was written again.</summary>
    WatchLost,
}
