using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>
/// Counts what rule sets consist of, freed from how a tool lists them: the order of rules in a chain does not count, and an
/// endpoint may stand in any slot of its frontend, for the agent leaves it where it is.
/// </summary>
internal sealed class RuleInventory
{
    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _elements = new(StringComparer.Ordinal);
    private readonly HashSet<string> _chains = new(StringComparer.Ordinal);
    private readonly HashSet<object> _counted = new(ReferenceEqualityComparer.Instance);

    private RuleInventory(Ruleset rules)
    {
        foreach (WalkTable table in rules.Tables)
        {
            foreach (WalkChain chain in table.Chains.Values)
            {
                Add(table.Name, chain);
            }
        }
    }

    /// <summary>What leads from one rule set to another.</summary>
    public static RuleReferences Difference(Ruleset before, Ruleset after)
    {
        RuleInventory old = new(before);
        RuleInventory wanted = new(after);
        return new(
            Missing(old._rules, wanted._rules),
            Missing(wanted._rules, old._rules),
            wanted._chains.Count(chain => !old._chains.Contains(chain)),
            old._chains.Count(chain => !wanted._chains.Contains(chain)),
            Missing(old._elements, wanted._elements),
            Missing(wanted._elements, old._elements));
    }

    /// <summary>How many of the wanted are not there.</summary>
    private static int Missing(Dictionary<string, int> present, Dictionary<string, int> wanted) =>
        wanted.Sum(entry => Math.Max(0, entry.Value - present.GetValueOrDefault(entry.Key)));

    private static void Count(Dictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    private void Add(string table, WalkChain chain)
    {
        // Base chains of iptables are always there.
        if (chain.Hook is null || chain.Rules.Count != 0)
        {
            _chains.Add($"{table} {chain.Name}");
        }

        foreach (WalkRule rule in chain.Rules)
        {
            // Counters make no difference, and an agent may count connections that the wanted rules do not.
            string[] steps = [.. rule.Steps.AsSpan().ToArray().Where(static step => step is not RuleStep.NoEffect).Select(Describe)];
            if (steps.Length != 0 || rule.Steps.IsEmpty)
            {
                Count(_rules, $"{table} {chain.Name} {string.Join("; ", steps)}");
            }
        }
    }

    private string Describe(RuleStep step)
    {
        switch (step)
        {
            case RuleStep.VerdictLookup lookup:
                return $"vmap {Fields(lookup.Key)} {Add(lookup.Map.Name, lookup.Map, lookup.Key, lookup.Map.Steps.Select(entry => (entry.Key, Describe(entry.Value))))}";
            case RuleStep.DnatLookup lookup:
                return $"map {Fields(lookup.Key)} {Add(lookup.Map.Name, lookup.Map, lookup.Key, lookup.Map.Targets.Select(entry => (entry.Key, entry.Value.ToString())))}";
            case RuleStep.SetMatch match:
                return $"set {match.IsNegated} {Fields(match.Key)} {Add(match.Set.Name, match.Set, match.Key, match.Set.Keys.Select(key => (key, "")))}";
            case RuleStep.AddressMatch match:
                return $"{match.Field} {match.IsNegated} {string.Join(',', match.Ranges.AsSpan().ToArray().Select(range => range.ToString()))}";
            default:
                return step.ToString();
        }
    }

    /// <summary>Notes the elements of a map or set, once; one without a name is described by them.</summary>
    private string Add(string name, object map, EquatableArray<KeyPart> key, IEnumerable<(string Key, string Value)> elements)
    {
        if (name.Length == 0)
        {
            return string.Join(", ", elements.Select(element => $"{element.Key}:{element.Value}").Order(StringComparer.Ordinal));
        }

        // The clients that a set of session affinity remembers come and go by themselves.
        if (_counted.Add(map) && map is not ElementSet { ExpirySeconds: > 0 })
        {
            bool hasSlot = !key.IsEmpty && key[^1].Field == PacketField.Random;
            foreach ((string text, string value) in elements)
            {
                int end = hasSlot ? text.LastIndexOf(" . ", StringComparison.Ordinal) : -1;
                Count(_elements, $"{name} {(end < 0 ? text : text[..end])} {value}");
            }
        }

        return "@" + name;
    }

    private static string Fields(EquatableArray<KeyPart> key) => string.Join('.', key.AsSpan().ToArray().Select(part => part.ToString()));
}
