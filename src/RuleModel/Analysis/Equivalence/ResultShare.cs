namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>One of the things that may become of a packet.</summary>
/// <param name="Result">What.</param>
/// <param name="Share">How likely, 0 to 1.</param>
public readonly record struct ResultShare(WalkResult Result, double Share);
