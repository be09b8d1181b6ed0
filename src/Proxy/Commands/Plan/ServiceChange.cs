using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>What a sync does to destinations of a service port that change alike.</summary>
/// <param name="Service">The service port; empty when neither the cluster nor the rules name it.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Frontends">The destinations.</param>
/// <param name="Words">What changes, one sentence each.</param>
internal sealed record ServiceChange(string Service, ServiceChangeKind Kind, IReadOnlyList<FrontendAddress> Frontends, IReadOnlyList<string> Words);
