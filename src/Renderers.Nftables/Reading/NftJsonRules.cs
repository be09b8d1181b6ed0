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
                    NftJsonExpressions.Read(value.GetProperty("right")))
                {
                    IsExplicit = !value.GetProperty("op").ValueEquals("in"),
                };
            case "vmap":
                return new NftStatement.VerdictMap(NftJsonExpressions.Read(value.GetProperty("key")), NftJsonExpressions.Read(value.GetProperty("data")));
            case "dnat" or "snat" or "redirect" or "masquerade":
                return Translate(statement.Name, value);
            case "notrack":
                return new NftStatement.NoTracking();
            case "queue":
                return new NftStatement.HandOver(Raw(statement), NftStatements.QueueReader);
            case "tproxy":
                return new NftStatement.HandOver(Raw(statement), NftStatements.Proxy);
            case "reject":
                return Reject(value);
            case "mangle":
                return new NftStatement.Mangle(NftJsonExpressions.Read(value.GetProperty("key")), NftJsonExpressions.Read(value.GetProperty("value")));
            case "set" when value.ValueKind == JsonValueKind.Object:
                NftStatement.UpdateSet update = new(
                    value.GetProperty("op").GetString() ?? "",
                    (value.GetProperty("set").GetString() ?? "").TrimStart('@'),
                    NftJsonExpressions.Read(value.GetProperty("elem")));
                bool hasStatements = value.TryGetProperty("stmt", out JsonElement inner) && inner.ValueKind == JsonValueKind.Array && inner.GetArrayLength() != 0;
                return hasStatements ? NftStatements.UpdateWith(Raw(statement), update) : update;
            case "counter" or "ct helper" or "ct timeout" or "ct expectation" when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("map", out _):
                return NftJsonExpressions.Read(value) is NftExpression.Map map ? new NftStatement.ObjectOfMap(map, $"{statement.Name} name {NftText.Of(map)}") : new NftStatement.Unknown(Raw(statement));
            case "flow":
                return new NftStatement.Offload(Raw(statement));
            case "dup" or "ct helper" or "ct timeout" or "ct expectation":
                return new NftStatement.NoEffect(statement.Name, Raw(statement));
            case "counter" or "log" or "last":
                return new NftStatement.NoEffect(statement.Name, NoEffectText(statement));
            case "limit" or "quota" or "ct count":
                return new NftStatement.UnknownMatch(Raw(statement)) { DependsOn = NftStatements.DependsOn(statement.Name) };
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

    private static NftStatement.Translate Translate(string kind, JsonElement value) => value.ValueKind != JsonValueKind.Object
        ? new(kind, "", null, null, "")
        : new(
            kind,
            value.TryGetProperty("family", out JsonElement family) ? family.GetString() ?? "" : "",
            value.TryGetProperty("addr", out JsonElement address) ? NftJsonExpressions.Read(address) : null,
            value.TryGetProperty("port", out JsonElement port) ? NftJsonExpressions.Read(port) : null,
            Flags(value))
        {
            IsPrefix = Has(value, "type_flags") && NftJsonExpressions.Joined(value.GetProperty("type_flags")).Contains("prefix", StringComparison.Ordinal),
        };

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
