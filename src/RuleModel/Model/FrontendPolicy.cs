using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The policy of the internal or of the external frontends of a service port.</summary>
/// <param name="Policy">Which endpoint group serves them.</param>
/// <param name="Verdict">
/// What happens to traffic from outside. External traffic from pods and from the node itself is short-circuited to the
/// Cluster group even when this says drop.
/// </param>
public readonly record struct FrontendPolicy(TrafficPolicy Policy, FrontendVerdict Verdict);
