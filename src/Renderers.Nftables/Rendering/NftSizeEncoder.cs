using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>
/// Counts what a full transaction leaves in the table instead of writing it down. Sets whose elements rules add do not count.
/// </summary>
internal readonly struct NftSizeEncoder : INftEncoder
{
    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<ElementKey>> _elements = new(StringComparer.Ordinal);
    private readonly Current _current = new();

    public NftSizeEncoder()
    {
    }

    /// <summary>The number of rules of each chain.</summary>
    public IReadOnlyDictionary<string, int> Rules => _rules;

    /// <summary>The number of elements of each set and map; one counts once, however often it is added.</summary>
    public Dictionary<string, int> CountElements() => _elements.ToDictionary(static set => set.Key, static set => set.Value.Count, StringComparer.Ordinal);

    public bool NamesServices => false;

    public void BeginService(NamespacedName service)
    {
    }

    public void EndService()
    {
    }

    public void BeginBaseChain(scoped ObjectName name, ChainType type, ChainHook hook, int priority) => AddChain(name);

    public void BeginChain(scoped ObjectName name, bool isFixed, scoped ReadOnlySpan<byte> comment) => AddChain(name);

    public void AddChain(scoped ObjectName name) => _rules.TryAdd(Text(name), 0);

    public void FlushChain(scoped ObjectName name) => _rules[Text(name)] = 0;

    public void DeclareSet(scoped SetDeclaration set)
    {
        if (!set.IsFilledByRules)
        {
            _elements.TryAdd(Text(set.Name), []);
        }
    }

    public void BeginElements(scoped ObjectName set, KeyFields key, bool isDeleted) => _current.Elements = _elements[Text(set)];

    public void Element(in ElementKey key) => _current.Elements.Add(key);

    public void Element(in ElementKey key, EndpointAddress endpoint) => Element(key);

    public void ElementGoto(in ElementKey key, scoped ObjectName chain, scoped ReadOnlySpan<byte> comment) => Element(key);

    public void ElementDrop(in ElementKey key, scoped ReadOnlySpan<byte> comment) => Element(key);

    public void BeginRule(scoped ObjectName chain) => _rules[Text(chain)]++;

    public void AddTable()
    {
    }

    public void DeleteTable()
    {
    }

    public void FlushTable()
    {
    }

    public void BeginTable(scoped ReadOnlySpan<byte> comment)
    {
    }

    public void EndTable()
    {
    }

    public void EndChain()
    {
    }

    public void DeleteChain(scoped ObjectName name)
    {
    }

    public void DeleteSet(scoped ObjectName name)
    {
    }

    public void DeleteMap(scoped ObjectName name)
    {
    }

    public void EndElements()
    {
    }

    public void EndRule(scoped ReadOnlySpan<byte> comment)
    {
    }

    public void MatchNewConnection()
    {
    }

    public void MatchTranslatedConnection()
    {
    }

    public void MatchProtocol(TransportProtocol protocol)
    {
    }

    public void MatchAddress(KeyFields field, IpPrefix prefix, bool isNegated)
    {
    }

    public void MatchAddress(KeyFields field, EquatableArray<IpPrefix> prefixes)
    {
    }

    public void MatchInterface(string name, bool isPrefix, bool isNegated)
    {
    }

    public void MatchLocal(KeyFields field)
    {
    }

    public void MatchMark(uint mark)
    {
    }

    public void MatchOneOf(int count)
    {
    }

    public void MatchSet(KeyFields key, scoped ObjectName set)
    {
    }

    public void SetMark(uint mark)
    {
    }

    public void ToggleMark(uint mark)
    {
    }

    public void UpdateSet(scoped ObjectName set, KeyFields key)
    {
    }

    public void VerdictByMap(KeyFields key, scoped ObjectName map)
    {
    }

    public void TranslateByMap(KeyFields key, int slots, scoped ObjectName map)
    {
    }

    public void Translate(EndpointAddress endpoint)
    {
    }

    public void Masquerade()
    {
    }

    public void Reject()
    {
    }

    public void Drop()
    {
    }

    public void Return()
    {
    }

    public void Jump(scoped ObjectName chain)
    {
    }

    public void Goto(scoped ObjectName chain)
    {
    }

    public void Complete()
    {
    }

    private static string Text(scoped ObjectName name)
    {
        Span<byte> text = stackalloc byte[ObjectName.MaxLength];
        return Encoding.UTF8.GetString(text[..name.Format(text)]);
    }

    /// <summary>What elements are added to; an object, because the writer has a copy of the encoder.</summary>
    private sealed class Current
    {
        public HashSet<ElementKey> Elements { get; set; } = [];
    }
}
