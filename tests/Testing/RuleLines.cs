using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Testing;

/// <summary>A rule set as lines that are equal exactly if the rules are: chains, texts, steps, and the elements they refer to.</summary>
public static class RuleLines
{
    public static IReadOnlyList<string> Of(Ruleset rules) =>
    [
        .. from table in rules.Tables
           orderby table.Name
           from chain in table.Chains.Values
           orderby chain.Name
           from line in chain.Rules.SelectMany(Lines).Prepend($"{chain.Hook} {chain.Priority} {chain.IsNat} {chain.Policy}")
           select $"{table.Name} {chain.Name}: {line}",
    ];

    private static IEnumerable<string> Lines(WalkRule rule) =>
        rule.Steps.AsSpan().ToArray().SelectMany(Lines).Prepend($"{rule.Text} ({rule.Comment})");

    private static IEnumerable<string> Lines(RuleStep step) => step switch
    {
        RuleStep.SetMatch match => Ordered(match.Set.Keys).Prepend($"{match.Key} in {match.Set.Name} {match.IsNegated} {match.Set.ExpirySeconds}"),
        RuleStep.VerdictLookup lookup => Ordered(lookup.Map.Steps.Select(element => element.ToString())).Prepend($"{lookup.Key} to a verdict of {lookup.Map.Name}"),
        RuleStep.DnatLookup lookup => Ordered(lookup.Map.Targets.Select(element => element.ToString())).Prepend($"{lookup.Key} to a target of {lookup.Map.Name}"),
        _ => [step.ToString()],
    };

    private static IEnumerable<string> Ordered(IEnumerable<string> elements) => elements.Order(StringComparer.Ordinal).Select(element => "  " + element);
}
