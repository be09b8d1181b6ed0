using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads rules from JSON.</summary>
internal static class NftJsonRules
{
    public static NftRule Read(JsonElement rule)
    {
        List<NftStatement> statements = [];
        foreach (JsonElement expression in rule.GetProperty("expr").EnumerateArray())
        {
            // Expressions that nft has no JSON for are printed as text.
            statements.Add(expression.ValueKind == JsonValueKind.String
                ? new NftStatement.Unknown(expression.GetString() ?? "")
                : Statement(NftJsonReader.FirstOf(expression)));
        }

        string comment = rule.TryGetProperty("comment", out JsonElement said) ? said.GetString() ?? "" : "";
        return new(statements, NftText.Of(statements, comment), comment);
    }

    private static NftStatement Statement(JsonProperty statement)
    {
        if (NftJsonExpressions.Verdict(statement) is { } verdict)
        {
            return new NftStatement.Verdict(verdict);
        }

        JsonElement value = statement.Value;
        switch (statement.Name)
        {
            case "match":
                return new NftStatement.Match(
                    value.GetProperty("op").GetString() ?? "",
                    NftJsonExpressions.Read(value.GetProperty("left")),
                    NftJsonExpressions.Read(value.GetProperty("right")));
            case "vmap":
                return new NftStatement.VerdictMap(NftJsonExpressions.Read(value.GetProperty("key")), NftJsonExpressions.Read(value.GetProperty("data")));
            case "dnat":
                return Dnat(value);
            case "masquerade" when !Has(value, "port"):
                return new NftStatement.Masquerade(Flags(value));
            case "reject":
                return Reject(value);
            case "mangle":
                return new NftStatement.Mangle(NftJsonExpressions.Read(value.GetProperty("key")), NftJsonExpressions.Read(value.GetProperty("value")));
            case "set" when value.ValueKind == JsonValueKind.Object:
                return new NftStatement.UpdateSet(
                    value.GetProperty("op").GetString() ?? "",
                    (value.GetProperty("set").GetString() ?? "").TrimStart('@'),
                    NftJsonExpressions.Read(value.GetProperty("elem")));
            case "counter" or "log" or "notrack" or "last":
                return new NftStatement.NoEffect(statement.Name, NoEffectText(statement));
            case "limit" or "quota" or "ct count":
                return new NftStatement.UnknownMatch(Raw(statement));
            default:
                return new NftStatement.Unknown(Raw(statement));
        }
    }

    private static string Raw(JsonProperty statement) => statement.Name + " " + statement.Value.GetRawText();

    private static string NoEffectText(JsonProperty statement) => statement.Value switch
    {
        { ValueKind: JsonValueKind.Null } => statement.Name,
        { ValueKind: JsonValueKind.Object } value when value.TryGetProperty("packets", out JsonElement packets) && value.TryGetProperty("bytes", out JsonElement bytes) =>
            $"{statement.Name} packets {packets.GetRawText()} bytes {bytes.GetRawText()}",
        _ => Raw(statement),
    };

    private static NftStatement.Dnat Dnat(JsonElement value) => new(
        value.TryGetProperty("family", out JsonElement family) ? family.GetString() ?? "" : "",
        value.TryGetProperty("addr", out JsonElement address) ? NftJsonExpressions.Read(address) : null,
        value.TryGetProperty("port", out JsonElement port) ? NftJsonExpressions.Read(port) : null,
        Flags(value));

    private static NftStatement.Reject Reject(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return new("", NftStatement.Reject.Usual);
        }

        string type = value.GetProperty("type").GetString() ?? "";
        return new(type, value.TryGetProperty("expr", out JsonElement code) ? code.GetString() ?? "" : type);
    }

    private static bool Has(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _);

    private static string Flags(JsonElement value) => Has(value, "flags") ? NftJsonExpressions.Joined(value.GetProperty("flags")) : "";
}
