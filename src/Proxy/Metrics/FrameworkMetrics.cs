using System.Diagnostics.Metrics;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Metrics that every Kubernetes component has (spec 10.2).</summary>
internal static class FrameworkMetrics
{
    /// <summary>Registers the metrics.</summary>
    public static void Register(MetricRegistry registry, IReadOnlyList<FeatureGateState> gates)
    {
        RegisterVersions(registry);
        registry.ReadGauge(
            Beta("kubernetes_feature_enabled", "1 for a feature gate that is on, 0 for one that is off.", "name", "stage"),
            () => gates.Select(static gate => new Measurement<double>(gate.IsEnabled ? 1 : 0, [new("name", gate.Name), new("stage", gate.Stage)])));
        registry.ReadCounter(
            Beta("registered_metrics_total", "Metrics by stability level and the version that deprecated them.", "deprecated_version", "stability_level"),
            () => CountRegistered(registry));
        _ = registry.Counter(Beta("disabled_metrics_total", "Metrics that were switched off."));
        _ = registry.Counter(Beta("hidden_metrics_total", "Deprecated metrics that are not shown."));
        registry.ReadCounter(
            MetricDefinition.Own("metrics_dropped_updates_total", $"Updates dropped because a metric had {MetricFamily.MaximumSeries} series already."),
            () => [new(registry.Families.Sum(static family => family.DroppedUpdates))]);
    }

    private static void RegisterVersions(MetricRegistry registry)
    {
        // Names in order; what only a Go build has is empty.
        (string Name, string Value)[] labels =
        [
            ("build_date", ""), ("compiler", "dotnet"), ("git_commit", ""), ("git_tree_state", ""), ("git_version", BuildInformation.KubernetesVersion),
            ("go_version", ""), ("major", BuildInformation.KubernetesMajor), ("minor", BuildInformation.KubernetesMinor), ("platform", BuildInformation.Platform),
        ];
        Gauge<double> kubernetes = registry.Gauge(
            new("kubernetes_build_info", "Always 1; the labels tell the Kubernetes version.")
            {
                Labels = [.. labels.Select(static label => label.Name)],
                Stability = MetricStability.Alpha,
            });
        kubernetes.Record(1, [.. labels.Select(static label => new KeyValuePair<string, object?>(label.Name, label.Value))]);
        registry.Gauge(MetricDefinition.Own("build_info", "Always 1; the labels tell the version of the program and its runtime.", "runtime", "version"))
            .Record(1, new("runtime", BuildInformation.Runtime), new("version", BuildInformation.Version));
    }

    private static IEnumerable<Measurement<double>> CountRegistered(MetricRegistry registry) =>
        registry.Families.CountBy(static family => family.Definition.StabilityName).Select(static count => new Measurement<double>(
            count.Value,
            [new("deprecated_version", ""), new("stability_level", count.Key)]));

    private static MetricDefinition Beta(string name, string help, params string[] labels) =>
        new(name, help) { Labels = labels, Stability = MetricStability.Beta };
}
