using System.Globalization;
using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Writes the JSON of expressions in the language of nft, for people. What has no words of its own here is shown as JSON.
/// </summary>
internal static class NftText
{
    public static string Describe(JsonElement expression) => expression.ValueKind switch
    {
        JsonValueKind.Array => string.Join(' ', expression.EnumerateArray().Select(Describe)),
        JsonValueKind.String => expression.GetString() ?? "",
        JsonValueKind.Number => expression.GetInt64().ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Object => DescribeOrShow(expression),
        _ => "",
    };

    /// <summary>Foreign rules have expressions of any shape, and must not fail for want of words.</summary>
    private static string DescribeOrShow(JsonElement expression)
    {
        try
        {
            return DescribeObject(expression);
        }
        catch (Exception e) when (NftJsonReader.IsOfShape(e))
        {
            return expression.GetRawText();
        }
    }

    private static string DescribeObject(JsonElement expression)
    {
        if (expression.TryGetProperty("op", out JsonElement operation) && expression.TryGetProperty("left", out JsonElement left))
        {
            string between = operation.GetString() is "!=" ? " != " : " ";
            return Describe(left) + between + Right(expression.GetProperty("right"));
        }

        JsonProperty property = NftJsonReader.FirstOf(expression);
        JsonElement value = property.Value;
        return property.Name switch
        {
            "match" => Describe(value),
            "payload" => $"{value.GetProperty("protocol").GetString()} {value.GetProperty("field").GetString()}",
            "meta" => $"meta {value.GetProperty("key").GetString()}",
            "ct" => $"ct {value.GetProperty("key").GetString()}",
            "fib" => $"fib {Describe(value.GetProperty("flags"))} {value.GetProperty("result").GetString()}",
            "numgen" => $"numgen {value.GetProperty("mode").GetString()} mod {value.GetProperty("mod").GetInt32()}",
            "concat" => string.Join(" . ", value.EnumerateArray().Select(Describe)),
            "prefix" => $"{value.GetProperty("addr").GetString()}/{value.GetProperty("len").GetInt32()}",
            "range" => $"{Describe(value[0])}-{Describe(value[1])}",
            "set" when value.ValueKind == JsonValueKind.Array => "{ " + string.Join(", ", value.EnumerateArray().Select(Describe)) + " }",
            "set" => $"{value.GetProperty("op").GetString()} {value.GetProperty("set").GetString()} {{ {Describe(value.GetProperty("elem"))} }}",
            "map" => $"{Describe(value.GetProperty("key"))} map {Data(value.GetProperty("data"))}",
            "vmap" => $"{Describe(value.GetProperty("key"))} vmap {Data(value.GetProperty("data"))}",
            "dnat" => "dnat to " + Describe(value.GetProperty("addr")) + (value.TryGetProperty("port", out JsonElement port) ? ":" + Describe(port) : ""),
            "jump" or "goto" => $"{property.Name} {value.GetProperty("target").GetString()}",
            "masquerade" => "masquerade" + (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("flags", out JsonElement flags) ? " " + Describe(flags) : ""),
            "mangle" => $"{Describe(value.GetProperty("key"))} set {Describe(value.GetProperty("value"))}",
            "|" or "&" or "^" => $"{Describe(value[0])} {property.Name} 0x{value[1].GetUInt32():x8}",
            "accept" or "drop" or "return" or "continue" => property.Name,
            "reject" => "reject",
            "counter" => "counter",
            _ => property.Name + " " + value.GetRawText(),
        };
    }

    private static string Right(JsonElement right) => right.ValueKind == JsonValueKind.Array
        ? string.Join(',', right.EnumerateArray().Select(Describe))
        : Describe(right);

    /// <summary>A map by its name, or the pairs of one without.</summary>
    private static string Data(JsonElement data)
    {
        if (data.ValueKind == JsonValueKind.String)
        {
            return data.GetString() ?? "";
        }

        IEnumerable<string> pairs = data.GetProperty("set").EnumerateArray().Select(pair => $"{Describe(pair[0])} : {Describe(pair[1])}");
        return "{ " + string.Join(", ", pairs) + " }";
    }
}
