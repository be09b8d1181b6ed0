namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>A feature gate, for <c>kubernetes_feature_enabled</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Stage">Its stage: ALPHA, BETA, DEPRECATED, or empty once it is generally available.</param>
/// <param name="IsEnabled">Whether it is on.</param>
internal sealed record FeatureGateState(string Name, string Stage, bool IsEnabled);
