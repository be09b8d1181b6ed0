using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads expressions from JSON. Unknown ones are kept as JSON text.</summary>
internal static class NftJsonExpressions
{
    public static NftExpression Read(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                string text = element.GetString() ?? "";
                return text is ['@', .. string name] ? new NftExpression.Reference(name) : new NftExpression.Word(text);
            case JsonValueKind.Number when element.TryGetInt64(out long number):
                return new NftExpression.Word(number.ToString(CultureInfo.InvariantCulture));
            case JsonValueKind.Array:
                return new NftExpression.Flags(ReadAll(element));
            case JsonValueKind.Object:
                return ReadObject(element);
            default:
                return new NftExpression.Raw(element.GetRawText());
        }
    }

    public static NftExpression[] ReadAll(JsonElement array)
    {
        NftExpression[] parts = new NftExpression[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement part in array.EnumerateArray())
        {
            parts[count++] = Read(part);
        }

        return parts;
    }

    /// <summary>The elements of a set, or the pairs of a map.</summary>
    public static NftExpression[] Elements(JsonElement elements)
    {
        NftExpression[] read = new NftExpression[elements.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in elements.EnumerateArray())
        {
            read[count++] = element.ValueKind == JsonValueKind.Array
                ? new NftExpression.Pair(Read(element[0]), Read(element[1]))
                : Read(element);
        }

        return read;
    }

    /// <summary>A verdict statement or the value of a verdict map; null if it is something else.</summary>
    public static RuleStep? Verdict(JsonProperty statement) => statement.Name switch
    {
        "accept" => new RuleStep.Verdict(WalkVerdict.Accept),
        "drop" => new RuleStep.Verdict(WalkVerdict.Drop),
        "return" => new RuleStep.Verdict(WalkVerdict.Return),
        "continue" => new RuleStep.NoEffect("continue"),
        "jump" => new RuleStep.Jump(statement.Value.GetProperty("target").GetString() ?? "", IsGoto: false),
        "goto" => new RuleStep.Jump(statement.Value.GetProperty("target").GetString() ?? "", IsGoto: true),
        _ => null,
    };

    /// <summary>A text, or an array of texts joined by commas.</summary>
    public static string Joined(JsonElement value, string separator = ",") => value.ValueKind == JsonValueKind.Array
        ? string.Join(separator, value.EnumerateArray().Select(word => word.GetString()))
        : value.GetString() ?? "";

    private static NftExpression ReadObject(JsonElement element)
    {
        JsonProperty property = NftJsonReader.FirstOf(element);
        JsonElement value = property.Value;
        switch (property.Name)
        {
            case "concat":
                return new NftExpression.Concatenation(ReadAll(value));
            case "set" when value.ValueKind == JsonValueKind.Array:
                return new NftExpression.Set(Elements(value));
            case "elem" when value.TryGetProperty("limit", out _) || value.TryGetProperty("quota", out _) || value.TryGetProperty("ct count", out _):
                // A rate that decides besides the key.
                return new NftExpression.Raw(element.GetRawText());
            case "elem":
                return new NftExpression.Element(Read(value.GetProperty("val")), Options(value));
            case "prefix":
                return new NftExpression.Prefix(value.GetProperty("addr").GetString() ?? "", value.GetProperty("len").GetInt32());
            case "range":
                return new NftExpression.Range(Read(value[0]), Read(value[1]));
            case "payload" when value.TryGetProperty("field", out JsonElement field):
                return new NftExpression.Payload(value.GetProperty("protocol").GetString() ?? "", field.GetString() ?? "");
            case "meta":
                return new NftExpression.Meta(value.GetProperty("key").GetString() ?? "");
            case "ct":
                string direction = value.TryGetProperty("dir", out JsonElement side) ? side.GetString() + " " : "";
                return new NftExpression.Connection(direction + (value.GetProperty("key").GetString() ?? ""));
            case "fib":
                return new NftExpression.Fib(Joined(value.GetProperty("flags"), " . "), value.GetProperty("result").GetString() ?? "");
            case "numgen":
                return new NftExpression.Numbers(value.GetProperty("mode").GetString() ?? "", value.GetProperty("mod").GetInt32(), value.GetProperty("offset").GetInt32());
            case "jhash" or "symhash":
                return new NftExpression.Numbers("hash", value.GetProperty("mod").GetInt32(), value.TryGetProperty("offset", out JsonElement shift) ? shift.GetInt32() : 0);
            case "tcp option" when value.TryGetProperty("name", out JsonElement optionName):
                return new NftExpression.Payload("tcp option", $"{optionName.GetString()} {(value.TryGetProperty("field", out JsonElement part) ? part.GetString() : "")}".TrimEnd());
            case "&" or "|" or "^" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() >= 2:
                return value.EnumerateArray().Skip(1).Aggregate(Read(value[0]), (left, right) => new NftExpression.Binary(property.Name, left, Read(right)));
            case "map" when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("data", out JsonElement data):
                return new NftExpression.Map(Read(value.GetProperty("key")), Read(data));
            default:
                return Verdict(property) is { } verdict ? new NftExpression.Verdict(verdict) : new NftExpression.Raw(element.GetRawText());
        }
    }

    private static string Options(JsonElement element) => string.Join(' ', element.EnumerateObject()
        .Where(property => property.Name != "val")
        .Select(property => property.Name == "comment" ? $"comment \"{property.Value}\"" : $"{property.Name} {property.Value.GetRawText()}"));
}
