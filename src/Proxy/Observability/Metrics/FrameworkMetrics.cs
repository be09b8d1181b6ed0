using KubeProxySharp.Proxy.Configuration;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Metrics that every Kubernetes component has (spec 10.2).</summary>
internal static class FrameworkMetrics
{
    /// <summary>Registers the metrics. Must be called last for a page, since the metrics of the page are counted.</summary>
    public static void Register(MetricsPage page, IReadOnlyList<FeatureGateState> gates)
    {
        RegisterVersions(page);
        Gauge enabled = page.Gauge(Beta("kubernetes_feature_enabled", "1 for a feature gate that is on, 0 for one that is off.", "name", "stage"));
        foreach (FeatureGateState gate in gates)
        {
            enabled.WithLabels(gate.Name, gate.Stage).Set(gate.IsEnabled ? 1 : 0);
        }

        _ = page.Counter(Beta("disabled_metrics_total", "Metrics that were switched off."));
        _ = page.Counter(Beta("hidden_metrics_total", "Deprecated metrics that are not shown."));
        Counter registered = page.Counter(
            Beta("registered_metrics_total", "Metrics by stability level and the version that deprecated them.", "deprecated_version", "stability_level"));
        foreach ((string stability, int count) in page.Registered)
        {
            registered.WithLabels("", stability).Inc(count);
        }
    }

    private static void RegisterVersions(MetricsPage page)
    {
        // Names in order; values that only a Go build has are empty.
        (string Name, string Value)[] labels =
        [
            ("build_date", ""), ("compiler", "dotnet"), ("git_commit", BuildInformation.Commit), ("git_tree_state", ""), ("git_version", KubernetesVersion.Text),
            ("go_version", ""), ("major", BuildInformation.KubernetesMajor), ("minor", BuildInformation.KubernetesMinor), ("platform", BuildInformation.Platform),
        ];
        Gauge kubernetes = page.Gauge(
            new("kubernetes_build_info", "Always 1; the labels tell the Kubernetes version.")
            {
                Labels = [.. labels.Select(static label => label.Name)],
                Stability = MetricStability.Alpha,
            });
        kubernetes.WithLabels([.. labels.Select(static label => label.Value)]).Set(1);
        page.Gauge(MetricDefinition.Own("build_info", "Always 1; the labels tell the version of the program and its runtime.", "runtime", "version"))
            .WithLabels(BuildInformation.Runtime, BuildInformation.Version).Set(1);
    }

    private static MetricDefinition Beta(string name, string help, params string[] labels) =>
        new(name, help) { Labels = labels, Stability = MetricStability.Beta };
}

/// <summary>A feature gate, for <c>kubernetes_feature_enabled</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Stage">Its stage: ALPHA, BETA, DEPRECATED, or empty once it is generally available.</param>
/// <param name="IsEnabled">Whether it is on.</param>
internal sealed record FeatureGateState(string Name, string Stage, bool IsEnabled);
