using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What kube-proxy does not tell: drift, rule text, the parts of a sync, problems of objects.</summary>
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

    /// <summary>Somebody else changed our rules.</summary>
    public void DriftDetected(IpFamily family, DriftReason reason) => _driftDetected[(int)reason][family].Inc();

    /// <summary>Our rules are back.</summary>
    public void DriftRepaired(IpFamily family, DriftReason reason) => _driftRepaired[(int)reason][family].Inc();

    /// <summary>A transaction was rendered.</summary>
    public void RulesRendered(IpFamily family, long textBytes, TimeSpan duration)
    {
        _rulesTextBytes[family].Set(textBytes);
        _render[family].Observe(duration.TotalSeconds);
    }

    /// <summary>The kernel's tool ended.</summary>
    public void ToolFinished(IpFamily family, TimeSpan duration) => _tool[family].Observe(duration.TotalSeconds);

    /// <summary>How many problems of a severity the known objects have.</summary>
    public void ObjectProblems(ProblemSeverity severity, int count) => _objectProblems[(int)severity].Set(count);
}

/// <summary>What somebody else did to our rules.</summary>
internal enum DriftReason
{
    /// <summary>A table of ours is gone or was flushed.</summary>
    TableLost,

    /// <summary>Chains, sets or maps of ours are gone.</summary>
    ChainLost,

    /// <summary>The jumps from the kernel's own chains into ours are gone.</summary>
    JumpLost,

    /// <summary>Rules or elements in our chains are not those we wrote.</summary>
    RulesChanged,

    /// <summary>The kernel's state could not be watched for a while, so that everything was written again.</summary>
    WatchLost,
}
