using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A map from keys to DNAT targets.</summary>
/// <param name="name">Its name; empty for one without.</param>
public sealed class TargetMap(string name)
{
    private readonly Dictionary<string, EndpointAddress> _targets = new(StringComparer.Ordinal);

    /// <summary>The name; empty for one without.</summary>
    public string Name { get; } = name;

    /// <summary>The elements.</summary>
    public IReadOnlyDictionary<string, EndpointAddress> Targets => _targets;

    /// <summary>Adds an element.</summary>
    public void Add(string key, EndpointAddress target) => _targets[key] = target;
}
