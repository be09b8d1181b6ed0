using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Collects the objects of one table and turns them into chains with rules.</summary>
/// <param name="table">The table.</param>
/// <param name="family">The family that is looked at.</param>
internal sealed class NftTableReader(WalkTable table, IpFamily family)
{
    private readonly Dictionary<string, JsonElement> _sets = new(StringComparer.Ordinal);
    private readonly List<JsonElement> _rules = [];
    private readonly Dictionary<string, ElementSet> _readSets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, VerdictMap?> _verdictMaps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TargetMap?> _targetMaps = new(StringComparer.Ordinal);

    public WalkTable Table { get; } = table;

    public IpFamily Family { get; } = family;

    /// <summary>Takes an object in; rules are read when everything they can refer to is there.</summary>
    public void Add(string kind, JsonElement value)
    {
        switch (kind)
        {
            case "chain":
                WalkChain chain = ReadChain(value);
                Table.Chains[chain.Name] = chain;
                break;
            case "set" or "map":
                _sets[NameOf(value)] = value;
                break;
            case "rule":
                _rules.Add(value);
                break;
        }
    }

    public void Finish()
    {
        foreach (JsonElement rule in _rules)
        {
            string chain = rule.GetProperty("chain").GetString() ?? "";
            Table.Chains[chain].Rules.Add(new NftRuleReader(this, rule).Read());
        }
    }

    /// <summary>A named set; a new one without keys if there is none of this name.</summary>
    public ElementSet FindSet(string name, EquatableArray<KeyPart> key)
    {
        if (_readSets.TryGetValue(name, out ElementSet? known))
        {
            return known;
        }

        _sets.TryGetValue(name, out JsonElement declared);
        bool expires = declared.ValueKind == JsonValueKind.Object && declared.TryGetProperty("timeout", out _);
        ElementSet set = new(name) { ExpirySeconds = expires ? declared.GetProperty("timeout").GetInt32() : 0 };
        foreach (JsonElement element in ElementsOf(declared))
        {
            set.Add(NftElements.Key(element, key));
        }

        _readSets.Add(name, set);
        return set;
    }

    /// <summary>Ranges of a named set of addresses with intervals; null if it has other elements.</summary>
    public List<AddressRange>? FindRanges(string name) =>
        _sets.TryGetValue(name, out JsonElement declared) ? NftElements.Ranges(ElementsOf(declared)) : null;

    /// <summary>Whether a named set has elements that stand for more than one key.</summary>
    public bool HasIntervals(string name) =>
        _sets.TryGetValue(name, out JsonElement declared) && !ElementsOf(declared).All(NftElements.IsPlain);

    /// <summary>A named map of verdicts; null if it has keys that cannot be looked up.</summary>
    public VerdictMap? FindVerdictMap(string name, EquatableArray<KeyPart> key)
    {
        if (!_verdictMaps.TryGetValue(name, out VerdictMap? map))
        {
            map = new VerdictMap(name);
            _sets.TryGetValue(name, out JsonElement declared);
            map = NftElements.TryFill(map, key, ElementsOf(declared)) ? map : null;
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
            _sets.TryGetValue(name, out JsonElement declared);
            map = NftElements.TryFill(map, key, ElementsOf(declared)) ? map : null;
            _targetMaps.Add(name, map);
        }

        return map;
    }

    private static JsonElement[] ElementsOf(JsonElement declared) =>
        declared.ValueKind == JsonValueKind.Object && declared.TryGetProperty("elem", out JsonElement elements) ? [.. elements.EnumerateArray()] : [];

    private static string NameOf(JsonElement value) => value.GetProperty("name").GetString() ?? "";

    private static WalkChain ReadChain(JsonElement value)
    {
        string name = NameOf(value);
        if (!value.TryGetProperty("hook", out JsonElement hookName))
        {
            return new WalkChain(name);
        }

        Hook? hook = hookName.GetString() switch
        {
            "prerouting" => Hook.Prerouting,
            "input" => Hook.Input,
            "forward" => Hook.Forward,
            "output" => Hook.Output,
            "postrouting" => Hook.Postrouting,
            _ => null,
        };
        return new WalkChain(name)
        {
            Hook = hook,
            Priority = value.GetProperty("prio").ValueKind == JsonValueKind.Number
                ? value.GetProperty("prio").GetInt32()
                : int.Parse(value.GetProperty("prio").GetString() ?? "0", CultureInfo.InvariantCulture),
            IsNat = value.GetProperty("type").GetString() == "nat",
            Policy = value.TryGetProperty("policy", out JsonElement policy) && policy.GetString() == "drop" ? WalkVerdict.Drop : WalkVerdict.Accept,
        };
    }
}
