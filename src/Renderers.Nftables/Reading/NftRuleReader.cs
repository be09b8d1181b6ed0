using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads one rule.</summary>
/// <param name="table">Its table.</param>
/// <param name="rule">The rule.</param>
internal sealed partial class NftRuleReader(NftTableReader table, JsonElement rule)
{
    private readonly List<RuleStep> _steps = [];

    public WalkRule Read()
    {
        JsonElement expressions = rule.GetProperty("expr");
        foreach (JsonElement expression in expressions.EnumerateArray())
        {
            if (expression.ValueKind == JsonValueKind.String)
            {
                // What nft itself has no JSON for, it prints as text.
                _steps.Add(new RuleStep.UnknownStatement(expression.GetString() ?? ""));
                continue;
            }

            Expression(NftJsonReader.FirstOf(expression));
        }

        return new WalkRule(NftText.Describe(expressions), EquatableArray.CopyOf(_steps))
        {
            Comment = rule.TryGetProperty("comment", out JsonElement comment) ? comment.GetString() ?? "" : "",
        };
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

    private void Expression(JsonProperty expression)
    {
        if (Verdict(expression) is { } verdict)
        {
            _steps.Add(verdict);
            return;
        }

        JsonElement value = expression.Value;
        switch (expression.Name)
        {
            case "match":
                Match(value);
                break;
            case "vmap":
                VerdictLookup(value);
                break;
            case "dnat":
                Dnat(value);
                break;
            case "masquerade":
                _steps.Add(new RuleStep.Masquerade());
                break;
            case "reject":
                _steps.Add(new RuleStep.Reject(RejectText(value)));
                break;
            case "mangle":
                Mangle(value);
                break;
            case "set":
                UpdateSet(value);
                break;
            case "counter" or "log" or "notrack":
                _steps.Add(new RuleStep.NoEffect(expression.Name));
                break;
            default:
                _steps.Add(new RuleStep.UnknownStatement(expression.Name + " " + value.GetRawText()));
                break;
        }
    }

    private void VerdictLookup(JsonElement value)
    {
        if (Key(value.GetProperty("key")) is not { } key)
        {
            _steps.Add(new RuleStep.UnknownStatement("vmap " + value.GetRawText()));
            return;
        }

        JsonElement data = value.GetProperty("data");
        VerdictMap? map;
        if (data.ValueKind == JsonValueKind.String)
        {
            map = table.FindVerdictMap(SetName(data), key);
        }
        else
        {
            map = new VerdictMap("");
            map = NftElements.TryFill(map, key, data.GetProperty("set").EnumerateArray()) ? map : null;
        }

        _steps.Add(map is null ? new RuleStep.UnknownStatement("vmap " + value.GetRawText()) : new RuleStep.VerdictLookup(key, map));
    }

    private void Dnat(JsonElement value)
    {
        bool hasAddress = value.TryGetProperty("addr", out JsonElement address);
        bool hasPort = value.TryGetProperty("port", out JsonElement number);
        ushort? port = hasPort && number.ValueKind == JsonValueKind.Number ? number.GetUInt16() : null;
        IpAddress target = default;
        bool isAddress = hasAddress && address.ValueKind == JsonValueKind.String && IpAddress.TryParse(address.GetString(), out target);
        if ((isAddress || (!hasAddress && hasPort)) && hasPort == port is not null)
        {
            _steps.Add(new RuleStep.Dnat(isAddress ? target : null, port));
            return;
        }

        if (address.ValueKind == JsonValueKind.Object && address.TryGetProperty("map", out JsonElement lookup) && Key(lookup.GetProperty("key")) is { } key)
        {
            JsonElement data = lookup.GetProperty("data");
            TargetMap? map;
            if (data.ValueKind == JsonValueKind.String)
            {
                map = table.FindTargetMap(SetName(data), key);
            }
            else
            {
                map = new TargetMap("");
                map = NftElements.TryFill(map, key, data.GetProperty("set").EnumerateArray()) ? map : null;
            }

            if (map is not null)
            {
                _steps.Add(new RuleStep.DnatLookup(key, map));
                return;
            }
        }

        _steps.Add(new RuleStep.UnknownStatement("dnat " + value.GetRawText()));
    }

    private static string RejectText(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return "port-unreachable";
        }

        return value.TryGetProperty("expr", out JsonElement code) ? code.GetString() ?? "" : value.GetProperty("type").GetString() ?? "";
    }

    /// <summary><c>meta mark set meta mark | X</c> and its like.</summary>
    private void Mangle(JsonElement value)
    {
        bool isMark = IsMark(value.GetProperty("key"));
        JsonElement source = value.GetProperty("value");
        if (isMark && source.ValueKind == JsonValueKind.Number)
        {
            _steps.Add(new RuleStep.SetMark(0, source.GetUInt32()));
            return;
        }

        if (isMark && source.ValueKind == JsonValueKind.Object)
        {
            JsonProperty operation = NftJsonReader.FirstOf(source);
            bool isOnMark = operation.Value.ValueKind == JsonValueKind.Array && operation.Value.GetArrayLength() == 2
                && IsMark(operation.Value[0]) && operation.Value[1].ValueKind == JsonValueKind.Number;
            uint bits = isOnMark ? operation.Value[1].GetUInt32() : 0;
            RuleStep? step = (isOnMark, operation.Name) switch
            {
                (true, "|") => new RuleStep.SetMark(~bits, bits),
                (true, "^") => new RuleStep.SetMark(uint.MaxValue, bits),
                (true, "&") => new RuleStep.SetMark(bits, 0),
                _ => null,
            };
            if (step is not null)
            {
                _steps.Add(step);
                return;
            }
        }

        _steps.Add(new RuleStep.UnknownStatement("mangle " + value.GetRawText()));
    }

    private void UpdateSet(JsonElement value)
    {
        string operation = value.GetProperty("op").GetString() ?? "";
        bool isSource = Key(value.GetProperty("elem")) is { Length: 1 } key && key[0].Field == PacketField.Source;
        _steps.Add(operation is "update" or "add" && isSource
            ? new RuleStep.RememberClient(SetName(value.GetProperty("set")))
            : new RuleStep.UnknownStatement("set " + value.GetRawText()));
    }

    private static string SetName(JsonElement reference) => (reference.GetString() ?? "").TrimStart('@');

    private static bool IsMark(JsonElement expression) =>
        expression.ValueKind == JsonValueKind.Object
        && expression.TryGetProperty("meta", out JsonElement meta)
        && meta.GetProperty("key").GetString() == "mark";

    /// <summary>The parts of a key; null if one is not understood. Protocols that they imply become matches before.</summary>
    private EquatableArray<KeyPart>? Key(JsonElement expression)
    {
        List<KeyPart> parts = [];
        bool isConcatenation = expression.ValueKind == JsonValueKind.Object && expression.TryGetProperty("concat", out _);
        JsonElement[] pieces = isConcatenation ? [.. expression.GetProperty("concat").EnumerateArray()] : [expression];
        foreach (JsonElement piece in pieces)
        {
            if (Part(piece) is not { } part)
            {
                return null;
            }

            parts.Add(part);
        }

        return EquatableArray.CopyOf(parts);
    }

    private KeyPart? Part(JsonElement expression)
    {
        if (expression.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonProperty property = NftJsonReader.FirstOf(expression);
        JsonElement value = property.Value;
        switch (property.Name)
        {
            case "payload" when value.TryGetProperty("field", out JsonElement field):
                return PayloadPart(value.GetProperty("protocol").GetString() ?? "", field.GetString() ?? "");
            case "meta" when value.GetProperty("key").GetString() == "l4proto":
                return new KeyPart(PacketField.Protocol);
            case "numgen" when value.GetProperty("mode").GetString() == "random" && value.GetProperty("offset").GetInt32() == 0:
                return new KeyPart(PacketField.Random, value.GetProperty("mod").GetInt32());
            default:
                return null;
        }
    }

    private KeyPart? PayloadPart(string protocol, string field)
    {
        switch (protocol, field)
        {
            case ("ip" or "ip6", "saddr" or "daddr"):
                if ((protocol == "ip") != (table.Family == IpFamily.IPv4))
                {
                    // A rule of an inet table for the other family.
                    _steps.Add(new RuleStep.ProtocolMatch(null, IsNegated: false));
                }

                return new KeyPart(field == "saddr" ? PacketField.Source : PacketField.Destination);
            case ("th" or "tcp" or "udp" or "sctp", "sport" or "dport"):
                if (protocol != "th")
                {
                    TransportProtocol? implied = protocol switch { "tcp" => TransportProtocol.Tcp, "udp" => TransportProtocol.Udp, _ => TransportProtocol.Sctp };
                    _steps.Add(new RuleStep.ProtocolMatch(implied, IsNegated: false));
                }

                return new KeyPart(field == "sport" ? PacketField.SourcePort : PacketField.DestinationPort);
            default:
                return null;
        }
    }
}
