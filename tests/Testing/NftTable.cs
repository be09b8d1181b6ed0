using System.Text.Json;

namespace KubeProxySharp.Testing;

/// <summary>The output of <c>nft -j list table</c> as lines that are equal exactly if the tables are: no handles, elements ordered.</summary>
public static class NftTable
{
    /// <summary>The table of a family in the namespace of this thread; no lines if there is none.</summary>
    public static IReadOnlyList<string> List(string family)
    {
        ChildProcess.Result listed = ConsistentRules.Read(() => ChildProcess.Try("nft", "", "-j", "list", "table", family, "kube-proxy"));
        return listed.ExitCode == 0 ? Canonical(listed.Output) : [];
    }

    public static IReadOnlyList<string> Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        List<string> lines = [];
        Dictionary<string, int> positions = new(StringComparer.Ordinal);
        foreach (JsonElement item in document.RootElement.GetProperty("nftables").EnumerateArray())
        {
            JsonProperty property = item.EnumerateObject().First();
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "rule":
                    string chain = value.GetProperty("chain").GetString()!;
                    int position = positions[chain] = positions.GetValueOrDefault(chain) + 1;
                    lines.Add($"rule {chain} {position:d4} {value.GetProperty("expr")} {Comment(value)}");
                    break;
                case "set" or "map":
                    lines.Add($"{property.Name} {Without(value, "handle", "elem")}");
                    if (value.TryGetProperty("elem", out JsonElement elements))
                    {
                        lines.AddRange(elements.EnumerateArray().Select(element => $"elem {value.GetProperty("name")} {element}"));
                    }

                    break;
                case "metainfo":
                    break;
                default:
                    lines.Add($"{property.Name} {Without(value, "handle")}");
                    break;
            }
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static string Comment(JsonElement rule) => rule.TryGetProperty("comment", out JsonElement comment) ? comment.GetString()! : "";

    private static string Without(JsonElement value, params string[] names) =>
        string.Join(' ', value.EnumerateObject().Where(property => !names.Contains(property.Name)).Select(property => $"{property.Name}={property.Value}"));
}
