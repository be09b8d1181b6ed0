using System.Text.Json.Serialization;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>How many rules, chains and elements of maps and sets a sync adds to and removes from the kernel.</summary>
/// <param name="RulesAdded">Rules added.</param>
/// <param name="RulesRemoved">Rules removed.</param>
/// <param name="ChainsAdded">Chains added.</param>
/// <param name="ChainsRemoved">Chains removed.</param>
/// <param name="ElementsAdded">Elements added.</param>
/// <param name="ElementsRemoved">Elements removed.</param>
internal readonly record struct RuleReferences(int RulesAdded, int RulesRemoved, int ChainsAdded, int ChainsRemoved, int ElementsAdded, int ElementsRemoved)
{
    /// <summary>Whether anything is touched.</summary>
    [JsonIgnore]
    public bool IsAny => this != default;

    /// <summary>The sum of both.</summary>
    public RuleReferences With(RuleReferences other) => new(
        RulesAdded + other.RulesAdded,
        RulesRemoved + other.RulesRemoved,
        ChainsAdded + other.ChainsAdded,
        ChainsRemoved + other.ChainsRemoved,
        ElementsAdded + other.ElementsAdded,
        ElementsRemoved + other.ElementsRemoved);
}
