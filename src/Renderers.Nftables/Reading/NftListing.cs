using KubeProxySharp.RuleModel.Addresses;
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

    /// <summary>Adds the tables to a rule set that concern its family.</summary>
    public void AddTo(Ruleset rules)
    {
        string family = rules.Family == IpFamily.IPv4 ? "ip" : "ip6";
        foreach (NftTable table in _tables)
        {
            if (table.Family == family || table.Family == "inet")
            {
                rules.Tables.Add(new NftTableReader(table, rules.Family).Read());
            }
        }
    }
}
