using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// A rule set prepared for many walks, on demand: chains and maps with indexes. It may be used by several walkers at once; the
/// rule set must not change any more.
/// </summary>
internal sealed class RulePlan(Ruleset rules)
{
    private readonly ConcurrentDictionary<WalkChain, ChainPlan> _chains = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<object, LookupIndex> _lookups = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<object, Array> _values = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<RuleStep, AddressRange[]> _ranges = new(ReferenceEqualityComparer.Instance);

    public Ruleset Rules { get; } = rules;

    /// <summary>A chain.</summary>
    public ChainPlan Of(WalkTable table, WalkChain chain) =>
        _chains.TryGetValue(chain, out ChainPlan? plan) ? plan : _chains.GetOrAdd(chain, new ChainPlan(table, chain));

    /// <summary>The keys of a set.</summary>
    public LookupIndex Of(RuleStep.SetMatch match) => Of(match.Set, match.Key, match.Set.Keys);

    /// <summary>The keys of a map; what they lead to is <see cref="Steps"/>.</summary>
    public LookupIndex Of(RuleStep.VerdictLookup lookup) => Of(lookup.Map, lookup.Key, lookup.Map.Steps.Keys);

    /// <summary>The keys of a map; what they lead to is <see cref="Targets"/>.</summary>
    public LookupIndex Of(RuleStep.DnatLookup lookup) => Of(lookup.Map, lookup.Key, lookup.Map.Targets.Keys);

    /// <summary>The values of a map in the order of its keys.</summary>
    public RuleStep[] Steps(VerdictMap map) =>
        (RuleStep[])(_values.TryGetValue(map, out Array? values) ? values : _values.GetOrAdd(map, map.Steps.Values.ToArray()));

    /// <summary>The values of a map in the order of its keys.</summary>
    public Addresses.EndpointAddress[] Targets(TargetMap map) =>
        (Addresses.EndpointAddress[])(_values.TryGetValue(map, out Array? values) ? values : _values.GetOrAdd(map, map.Targets.Values.ToArray()));

    /// <summary>The alternatives of a match.</summary>
    public RuleStep[][] Of(RuleStep.AnyOf match) =>
        (RuleStep[][])(_values.TryGetValue(match, out Array? values) ? values : _values.GetOrAdd(match, (RuleStep[][])[.. match.Alternatives.AsSpan().ToArray().Select(matches => matches.AsSpan().ToArray())]));

    /// <summary>The matches of each case of a lookup.</summary>
    public RuleStep[][] Of(RuleStep.Cases cases) =>
        (RuleStep[][])(_values.TryGetValue(cases, out Array? values) ? values : _values.GetOrAdd(cases, (RuleStep[][])[.. cases.All.AsSpan().ToArray().Select(one => one.Matches.AsSpan().ToArray())]));

    /// <summary>The ranges of a match, ordered and without overlaps.</summary>
    public ReadOnlySpan<AddressRange> Of(RuleStep.AddressMatch match) =>
        match.Ranges.Length == 1 ? match.Ranges.AsSpan()
        : _ranges.TryGetValue(match, out AddressRange[]? ranges) ? ranges
        : _ranges.GetOrAdd(match, [.. AddressRanges.Normalize(match.Ranges.AsSpan().ToArray())]);

    /// <summary>All rules of a map go by one layout of its key; only the modulus of a random part is that of the rule.</summary>
    private LookupIndex Of(object map, Collections.EquatableArray<KeyPart> key, IEnumerable<string> keys) =>
        _lookups.TryGetValue(map, out LookupIndex? index) ? index : _lookups.GetOrAdd(map, new LookupIndex(key, keys));
}
