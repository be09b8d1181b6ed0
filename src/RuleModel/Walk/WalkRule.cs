using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A rule of a chain.</summary>
/// <param name="Text">The rule as it was listed, for people.</param>
/// <param name="Steps">What it does, in order.</param>
public sealed record WalkRule(string Text, EquatableArray<RuleStep> Steps)
{
    /// <summary>The comment of the rule; empty if it has none.</summary>
    public string Comment { get; init; } = "";
}
