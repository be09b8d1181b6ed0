using System.Diagnostics.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>What kube-proxy does not tell: drift, rule text, the parts of a sync, problems of objects.</summary>
internal sealed class AgentMetrics
{
    private static readonly KeyValuePair<string, object?>[] s_reasons =
        [new("reason", "table_lost"), new("reason", "chain_lost"), new("reason", "jump_lost"), new("reason", "rules_changed"), new("reason", "watch_lost")];

    private static readonly KeyValuePair<string, object?> s_render = new("part", "render");
    private static readonly KeyValuePair<string, object?> s_tool = new("part", "tool");
    private static readonly KeyValuePair<string, object?>[] s_severities = [new("severity", "warning"), new("severity", "error")];

    private readonly Counter<long> _driftDetected;
    private readonly Counter<long> _driftRepaired;
    private readonly Gauge<double> _rulesTextBytes;
    private readonly Histogram<double> _applyDuration;
    private readonly Gauge<double> _objectProblems;

    /// <summary>Registers the metrics.</summary>
    public AgentMetrics(MetricRegistry registry)
    {
        _driftDetected = registry.Counter(
            MetricDefinition.Own("drift_detected_total", "Times that somebody else was found to have changed our rules.", MetricTags.Family, "reason"));
        _driftRepaired = registry.Counter(
            MetricDefinition.Own("drift_repaired_total", "Times that rules which somebody else had changed were written again.", MetricTags.Family, "reason"));
        _rulesTextBytes = registry.Gauge(
            MetricDefinition.Own("rules_text_bytes", "Size of the last transaction given to the kernel's tool, in bytes.", MetricTags.Family));
        _applyDuration = registry.Histogram(
            MetricDefinition.Own("apply_duration_seconds", "Duration of the parts of a sync, in seconds.", MetricTags.Family, "part").WithBuckets(BucketBounds.Sync));
        _objectProblems = registry.Gauge(
            MetricDefinition.Own("object_problems", "Problems that objects of the cluster have now; the log names them.", "severity"));
    }

    /// <summary>Somebody else changed our rules.</summary>
    public void DriftDetected(IpFamily family, DriftReason reason) => _driftDetected.Add(1, MetricTags.Of(family), s_reasons[(int)reason]);

    /// <summary>Our rules are back.</summary>
    public void DriftRepaired(IpFamily family, DriftReason reason) => _driftRepaired.Add(1, MetricTags.Of(family), s_reasons[(int)reason]);

    /// <summary>A transaction was rendered.</summary>
    public void RulesRendered(IpFamily family, long textBytes, TimeSpan duration)
    {
        _rulesTextBytes.Record(textBytes, MetricTags.Of(family));
        _applyDuration.Record(duration.TotalSeconds, MetricTags.Of(family), s_render);
    }

    /// <summary>The kernel's tool ended.</summary>
    public void ToolFinished(IpFamily family, TimeSpan duration) =>
        _applyDuration.Record(duration.TotalSeconds, MetricTags.Of(family), s_tool);

    /// <summary>How many problems of a severity the known objects have.</summary>
    public void ObjectProblems(ProblemSeverity severity, int count) => _objectProblems.Record(count, s_severities[(int)severity]);
}
