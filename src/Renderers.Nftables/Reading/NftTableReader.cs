using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads the rules of a table, and the sets and maps that they refer to, when a walk comes to them.</summary>
/// <param name="content">The table.</param>
/// <param name="family">The family of the walk.</param>
internal sealed class NftTableReader(NftTable content, IpFamily family) : RuleReader
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ElementSet?> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<AddressRange>?> _ranges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VerdictMap?> _verdictMaps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TargetMap?> _targetMaps = new(StringComparer.Ordinal);
    private HashSet<string>? _updated;

    public IpFamily Family { get; } = family;

    public WalkTable Read()
    {
        WalkTable table = new(content.Name);
        table.Chains.EnsureCapacity(content.Chains.Count);
        foreach (NftChain chain in content.Chains.Values)
        {
            table.Chains.Add(chain.Name, new WalkChain(chain.Name, this, chain.Rules)
            {
                Hook = content.IsDormant ? null : chain.Hook,
                Priority = chain.Priority,
                IsNat = chain.IsNat,
                Policy = chain.Policy,
            });
        }

        return table;
    }

    public override WalkRule Read(RuleSlice slice)
    {
        lock (_lock)
        {
            return new NftRuleReader(this).Read(content.Source.Rule(slice));
        }
    }

    /// <summary>A named set; empty if there is none of this name, null if an element is more than one key.</summary>
    public ElementSet? FindSet(string name, EquatableArray<KeyPart> key)
    {
        if (!_sets.TryGetValue(name, out ElementSet? set))
        {
            set = new ElementSet(name) { ExpirySeconds = ExpiryOf(name) };
            if (!TryFill(name, new BulkElementReader.OfSet(key, set)))
            {
                set = new ElementSet(name) { ExpirySeconds = ExpiryOf(name) };
                set = NftElements.TryFill(set, key, ElementsOf(name)) ? set : null;
            }

            _sets.Add(name, set);
        }

        return set;
    }

    /// <summary>The timeout of the elements of a named set, in seconds; 0 if there is none.</summary>
    public int ExpiryOf(string name) => content.Sets.TryGetValue(name, out NftSet? declared) ? declared.ExpirySeconds : 0;

    /// <summary>
    /// Whether rules add elements to a named set while packets pass, so that a listing has those of one moment. The kernel lets
    /// them do so with each set that is dynamic or has timeouts.
    /// </summary>
    public bool IsChangedByRules(string name) =>
        content.Sets.TryGetValue(name, out NftSet? declared) && (declared.IsDynamic || ((declared.HasTimeouts || declared.ExpirySeconds > 0) && IsUpdated(name)));

    private bool IsUpdated(string name) => (_updated ??= content.Chains.Values.SelectMany(static chain => chain.Rules)
        .SelectMany(slice => content.Source.Rule(slice).Statements).SelectMany(ChangedBy).ToHashSet(StringComparer.Ordinal)).Contains(name);

    /// <summary>The sets that a statement changes, or may change where it is not understood.</summary>
    private static IEnumerable<string> ChangedBy(NftStatement statement) => statement switch
    {
        NftStatement.UpdateSet update => [update.Set],
        NftStatement.UnknownMatch or NftStatement.Unknown => NftText.Of(statement).Split('@').Skip(1).Select(static rest => rest.IndexOfAny([' ', '\t', '{', '}', ',', '"']) is int end and >= 0 ? rest[..end] : rest),
        _ => [],
    };

    /// <summary>The elements of a named set or map; null if rules change them, or if there is none of this name.</summary>
    public IReadOnlyList<NftExpression>? FixedElements(string name) =>
        content.Sets.ContainsKey(name) && !IsChangedByRules(name) ? ElementsOf(name) : null;

    /// <summary>Ranges of a named set of addresses; null if it has other elements or does not exist.</summary>
    public List<AddressRange>? FindRanges(string name)
    {
        if (!_ranges.TryGetValue(name, out List<AddressRange>? ranges))
        {
            ranges = content.Sets.ContainsKey(name) ? NftElements.Ranges(ElementsOf(name)) : null;
            _ranges.Add(name, ranges);
        }

        return ranges;
    }

    /// <summary>A named map of verdicts; null if it has keys that cannot be looked up.</summary>
    public VerdictMap? FindVerdictMap(string name, EquatableArray<KeyPart> key)
    {
        if (!_verdictMaps.TryGetValue(name, out VerdictMap? map))
        {
            map = new VerdictMap(name);
            if (!TryFill(name, new BulkElementReader.OfVerdicts(key, map)))
            {
                map = new VerdictMap(name);
                map = NftElements.TryFill(map, key, ElementsOf(name)) ? map : null;
            }

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
            if (!TryFill(name, new BulkElementReader.OfTargets(key, map)))
            {
                map = new TargetMap(name);
                map = NftElements.TryFill(map, key, ElementsOf(name)) ? map : null;
            }

            _targetMaps.Add(name, map);
        }

        return map;
    }

    private bool TryFill(string name, BulkElementReader reader)
    {
        bool isFilled = true;
        if (content.Sets.TryGetValue(name, out NftSet? declared))
        {
            foreach (RuleSlice slice in declared.Elements)
            {
                isFilled = isFilled && content.Source.TryFill(slice, reader);
            }
        }

        return isFilled;
    }

    private List<NftExpression> ElementsOf(string name)
    {
        List<NftExpression> elements = [];
        if (content.Sets.TryGetValue(name, out NftSet? declared))
        {
            foreach (RuleSlice slice in declared.Elements)
            {
                content.Source.Elements(slice, elements);
            }
        }

        return elements;
    }
}
