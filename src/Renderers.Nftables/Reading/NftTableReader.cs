using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Turns the rules of one table into steps, with the sets and maps that they refer to.</summary>
/// <param name="content">The table.</param>
/// <param name="family">The family that is looked at.</param>
internal sealed class NftTableReader(NftTable content, IpFamily family)
{
    private readonly Dictionary<string, ElementSet> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VerdictMap?> _verdictMaps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TargetMap?> _targetMaps = new(StringComparer.Ordinal);

    public IpFamily Family { get; } = family;

    public WalkTable Read()
    {
        WalkTable table = new(content.Name);
        foreach (NftChain chain in content.Chains.Values)
        {
            WalkChain walked = new(chain.Name)
            {
                Hook = content.IsDormant ? null : chain.Hook,
                Priority = chain.Priority,
                IsNat = chain.IsNat,
                Policy = chain.Policy,
            };
            foreach (NftSlice rule in chain.Rules)
            {
                walked.Rules.Add(new NftRuleReader(this).Read(content.Source.Rule(rule)));
            }

            table.Chains[chain.Name] = walked;
        }

        return table;
    }

    /// <summary>A named set; a new one without keys if there is none of this name.</summary>
    public ElementSet FindSet(string name, EquatableArray<KeyPart> key)
    {
        if (_sets.TryGetValue(name, out ElementSet? known))
        {
            return known;
        }

        content.Sets.TryGetValue(name, out NftSet? declared);
        ElementSet set = new(name) { ExpirySeconds = declared?.ExpirySeconds ?? 0 };
        foreach (NftExpression element in ElementsOf(name))
        {
            set.Add(NftElements.Key(element, key));
        }

        _sets.Add(name, set);
        return set;
    }

    /// <summary>Ranges of a named set of addresses with intervals; null if it has other elements.</summary>
    public List<AddressRange>? FindRanges(string name) => content.Sets.ContainsKey(name) ? NftElements.Ranges(ElementsOf(name)) : null;

    /// <summary>Whether a named set has elements that stand for more than one key.</summary>
    public bool HasIntervals(string name) => !ElementsOf(name).TrueForAll(NftElements.IsPlain);

    /// <summary>A named map of verdicts; null if it has keys that cannot be looked up.</summary>
    public VerdictMap? FindVerdictMap(string name, EquatableArray<KeyPart> key)
    {
        if (!_verdictMaps.TryGetValue(name, out VerdictMap? map))
        {
            map = new VerdictMap(name);
            map = NftElements.TryFill(map, key, ElementsOf(name)) ? map : null;
            _verdictMaps.Add(name, map);
        }

        return map;
    }

    /// <summary>A named map of endpoints; null if it has other data, or keys that cannot be looked up.</summary>
    public TargetMap? FindTargetMap(string name, EquatableArray<KeyPart> key)
    {
        if (!_targetMaps.TryGetValue(name, out TargetMap? map))
        {
            map = new TargetMap(name);
            map = NftElements.TryFill(map, key, ElementsOf(name)) ? map : null;
            _targetMaps.Add(name, map);
        }

        return map;
    }

    private List<NftExpression> ElementsOf(string name)
    {
        List<NftExpression> elements = [];
        if (content.Sets.TryGetValue(name, out NftSet? declared))
        {
            foreach (NftSlice slice in declared.Elements)
            {
                content.Source.Elements(slice, elements);
            }
        }

        return elements;
    }
}
