using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// How many rules each chain has that rules need, and how many elements each set and map: what somebody else removes or
/// adds shows in them. Comparing these costs a small part of what writing the table anew does.
/// </summary>
internal sealed class TableSizes
{
    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<ulong>> _elements = new(StringComparer.Ordinal);

    private TableSizes()
    {
    }

    /// <summary>What a table has after the rules were written.</summary>
    public static TableSizes Of(FamilyRules rules, NftablesOptions options)
    {
        byte[] command = Encoding.ASCII.GetBytes($"add element {NftContentReader.Name(rules.Settings.Family)} {NftNames.Table} ");
        TableSizes sizes = new();
        ArrayBufferWriter<byte> other = new();
        LineSplitter lines = new(line =>
        {
            if (line.StartsWith(command))
            {
                sizes.AddElements(line[command.Length..]);
            }
            else
            {
                other.Write(line);
                other.Write("\n"u8);
            }
        });
        NftablesRenderer.WriteFull(rules, options, lines);
        Ruleset table = new(rules.Settings.Family);
        NftScriptReader.Read(other.WrittenMemory, table);
        foreach (WalkChain chain in table.Tables.SelectMany(static each => each.Chains.Values))
        {
            sizes._rules[chain.Name] = chain.Rules.Count;
        }

        return sizes;
    }

    /// <summary>Whether the table in the kernel has these. Chains and sets that are not in them do not count: packets do not come there.</summary>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public bool AreThose(INetworkNamespace network, FamilyRules rules)
    {
        using TableDump dump = network.Run(() => new TableDump(rules.Settings.Family, NftNames.Table));
        Dictionary<string, int> there = dump.CountRules();
        return _rules.All(chain => there.GetValueOrDefault(chain.Key) == chain.Value)
            && _elements.All(set => dump.CountElements(set.Key) == set.Value.Count);
    }

    /// <summary>An element counts once, however often it is added.</summary>
    private void AddElements(ReadOnlySpan<byte> command)
    {
        int open = command.IndexOf(" { "u8);
        string name = Encoding.ASCII.GetString(command[..open]);
        if (!_elements.TryGetValue(name, out HashSet<ulong>? keys))
        {
            _elements.Add(name, keys = []);
        }

        ReadOnlySpan<byte> list = command[(open + 3)..];
        foreach (Range range in list.Split(", "u8))
        {
            ReadOnlySpan<byte> key = list[range];
            int end = key.IndexOf(" : "u8) is int value and >= 0 ? value : key.IndexOf(" }"u8);
            key = end < 0 ? key : key[..end];
            int comment = key.IndexOf(" comment "u8);
            HashCode hash = default;
            hash.AddBytes(comment < 0 ? key : key[..comment]);
            keys.Add((uint)hash.ToHashCode());
        }
    }
}
