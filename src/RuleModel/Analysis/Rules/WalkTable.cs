namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A table: chains that can refer to each other.</summary>
/// <param name="name">Its name.</param>
public sealed class WalkTable(string name)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The chains by name.</summary>
    public Dictionary<string, WalkChain> Chains { get; } = new(StringComparer.Ordinal);
}
