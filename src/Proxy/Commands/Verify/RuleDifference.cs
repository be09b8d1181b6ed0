using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>A destination that rules do not treat as they should.</summary>
/// <param name="Kind"><c>missing</c>, <c>changed</c> or <c>foreign</c>.</param>
/// <param name="Frontend">The destination.</param>
/// <param name="Service">The service port that it belongs to; empty for none.</param>
/// <param name="Expected">What should happen where it differs first; empty for nothing.</param>
/// <param name="Actual">What happens there; empty for nothing.</param>
internal sealed record RuleDifference(string Kind, FrontendAddress Frontend, string Service, string Expected, string Actual);
