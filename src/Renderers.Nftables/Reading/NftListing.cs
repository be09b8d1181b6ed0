using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>The tables of a listing, of all families, in their order.</summary>
internal sealed class NftListing
{
    private readonly List<NftTable> _tables = [];

    /// <summary>A table; null if there is none.</summary>
    public NftTable? Find(string family, string name) => _tables.Find(table => table.Name == name && table.Family == family);

    public NftTable FindOrAdd(string family, string name, NftSource source)
    {
        NftTable? table = Find(family, name);
        if (table is null)
        {
            table = new(family, name, source);
            _tables.Add(table);
        }

        return table;
    }

    public void Remove(string family, string name) => _tables.RemoveAll(table => table.Name == name && table.Family == family);

    public void Clear() => _tables.Clear();

    /// <summary>Adds the tables of its family to a rule set.</summary>
    public void AddTo(Ruleset rules)
    {
        string family = NftNames.FamilyName(rules.Family);
        foreach (NftTable table in _tables)
        {
            if (table.Family == family || table.Family == "inet")
            {
                rules.Tables.Add(new NftTableReader(table, rules.Family).Read());
            }

            if (table.Family is "inet" or "netdev" && DeviceChains.Of(table) is { } ofDevices)
            {
                rules.Tables.Add(ofDevices);
            }
        }
    }
}

/// <summary>A table of a listing, with the positions of its rules and elements.</summary>
/// <param name="family">Its family, as nft writes it.</param>
/// <param name="name">Its name.</param>
/// <param name="source">The listing.</param>
internal sealed class NftTable(string family, string name, NftSource source)
{
    public string Family { get; } = family;

    public string Name { get; } = name;

    public NftSource Source { get; } = source;

    /// <summary>Whether its base chains are not registered with their hooks.</summary>
    public bool IsDormant { get; set; }

    public Dictionary<string, NftChain> Chains { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, NftSet> Sets { get; } = new(StringComparer.Ordinal);
}

/// <summary>A chain of a listing.</summary>
/// <param name="name">Its name.</param>
internal sealed class NftChain(string name)
{
    public string Name { get; } = name;

    public Hook? Hook { get; private set; }

    /// <summary>The hook of an interface that packets pass before those of the IP families.</summary>
    public const string Ingress = "ingress";

    /// <summary>The hook of an interface that packets pass after those of the IP families (kernel 5.16 and later).</summary>
    public const string Egress = "egress";

    /// <summary><see cref="Ingress"/> or <see cref="Egress"/> if it is of such a hook, else empty.</summary>
    public string DeviceHook { get; private set; } = "";

    /// <summary>Sets the hook by the name that nft gives it.</summary>
    public void SetHook(string name)
    {
        Hook = HookOf(name);
        DeviceHook = name is Ingress or Egress ? name : "";
    }

    /// <summary>The interfaces that a chain of such a hook is for; none if they are not known.</summary>
    public List<string> Devices { get; } = [];

    public int Priority { get; set; }

    public bool IsNat { get; set; }

    public WalkVerdict Policy { get; set; } = WalkVerdict.Accept;

    public List<RuleSlice> Rules { get; } = [];

    /// <summary>A hook by its name; null for hooks of other families than IP.</summary>
    public static Hook? HookOf(string? name) => name switch
    {
        "prerouting" => RuleModel.Analysis.Rules.Hook.Prerouting,
        "input" => RuleModel.Analysis.Rules.Hook.Input,
        "forward" => RuleModel.Analysis.Rules.Hook.Forward,
        "output" => RuleModel.Analysis.Rules.Hook.Output,
        "postrouting" => RuleModel.Analysis.Rules.Hook.Postrouting,
        _ => null,
    };
}

/// <summary>A named set or map of a listing.</summary>
internal sealed class NftSet
{
    /// <summary>The time after which elements expire, in seconds; 0 if they do not.</summary>
    public int ExpirySeconds { get; set; }

    /// <summary>Whether rules add elements, or a rate decides besides them.</summary>
    public bool IsDynamic { get; set; }

    /// <summary>Whether elements may have a timeout each.</summary>
    public bool HasTimeouts { get; set; }

    /// <summary>The positions of its elements.</summary>
    public List<RuleSlice> Elements { get; } = [];
}
