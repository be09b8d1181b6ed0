namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A map from keys to what happens: a verdict, a refusal, or a chain to go to.</summary>
/// <param name="name">Its name; empty for one without.</param>
public sealed class VerdictMap(string name)
{
    private readonly Dictionary<string, RuleStep> _steps = new(StringComparer.Ordinal);

    /// <summary>The name; empty for one without.</summary>
    public string Name { get; } = name;

    /// <summary>The elements.</summary>
    public IReadOnlyDictionary<string, RuleStep> Steps => _steps;

    /// <summary>Adds an element.</summary>
    public void Add(string key, RuleStep step) => _steps[key] = step;
}
