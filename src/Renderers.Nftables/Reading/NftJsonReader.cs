using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads the output of <c>nft -j list ruleset</c> or <c>nft -j list table</c> into rules that can be walked through, as far
/// as they concern one family. It knows the expressions of our table and of kube-proxy's; others stay in as "may match" and
/// "may do anything".
/// </summary>
public static class NftJsonReader
{
    /// <summary>Adds the tables of a listing to a rule set.</summary>
    /// <param name="json">The listing, UTF-8.</param>
    /// <param name="rules">Receives the tables of its family; those of the family inet count for both.</param>
    /// <exception cref="RuleTextException">The text is not what nft prints.</exception>
    public static void Read(ReadOnlyMemory<byte> json, Ruleset rules)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            ReadObjects(document.RootElement.GetProperty("nftables"), rules);
        }
        catch (JsonException e)
        {
            throw new RuleTextException((int)(e.LineNumber ?? 0) + 1, "is not the JSON of nft: " + e.Message);
        }
        catch (Exception e) when (IsOfShape(e))
        {
            throw new RuleTextException(0, "is not the JSON of nft: " + e.Message);
        }
    }

    private static void ReadObjects(JsonElement objects, Ruleset rules)
    {
        string family = rules.Family == IpFamily.IPv4 ? "ip" : "ip6";
        Dictionary<(string Family, string Name), NftTableReader> tables = [];
        foreach (JsonElement item in objects.EnumerateArray())
        {
            JsonProperty entry = FirstOf(item);
            JsonElement value = entry.Value;
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("family", out JsonElement familyOf) || (familyOf.GetString() != family && familyOf.GetString() != "inet"))
            {
                continue;
            }

            string name = value.GetProperty(entry.Name == "table" ? "name" : "table").GetString() ?? "";
            (string, string) key = (familyOf.GetString() ?? "", name);
            if (!tables.TryGetValue(key, out NftTableReader? table))
            {
                table = new NftTableReader(new WalkTable(name), rules.Family);
                tables.Add(key, table);
                rules.Tables.Add(table.Table);
            }

            table.Add(entry.Name, value.Clone());
        }

        foreach (NftTableReader table in tables.Values)
        {
            table.Finish();
        }
    }

    /// <summary>Whether an exception says that JSON has not the shape, or a number not the size, that the code took for granted.</summary>
    internal static bool IsOfShape(Exception exception) => exception
        is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException or ArgumentOutOfRangeException;

    internal static JsonProperty FirstOf(JsonElement item)
    {
        foreach (JsonProperty property in item.EnumerateObject())
        {
            return property;
        }

        throw new FormatException("an empty object");
    }
}
