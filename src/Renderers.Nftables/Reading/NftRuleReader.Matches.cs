using System.Text.Json;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Matches.</content>
internal sealed partial class NftRuleReader
{
    private void Match(JsonElement match)
    {
        string operation = match.GetProperty("op").GetString() ?? "";
        JsonElement left = match.GetProperty("left");
        JsonElement right = match.GetProperty("right");
        bool isNegated = operation == "!=";
        bool isKnown = operation is "==" or "!=" or "in"
            && (MatchConnection(left, right, isNegated)
                || MatchMark(left, right, isNegated)
                || MatchMeta(left, right, isNegated)
                || MatchFib(left, right, isNegated)
                || MatchRandom(left, right, isNegated)
                || MatchKey(left, right, isNegated));
        if (!isKnown)
        {
            _steps.Add(new RuleStep.UnknownMatch(NftText.Describe(match)));
        }
    }

    private bool MatchConnection(JsonElement left, JsonElement right, bool isNegated)
    {
        if (!left.TryGetProperty("ct", out JsonElement ct) || ct.GetProperty("key").GetString() is not ("state" or "status"))
        {
            return false;
        }

        JsonElement words = right.ValueKind == JsonValueKind.Object && right.TryGetProperty("set", out JsonElement set) ? set : right;
        if (words.ValueKind == JsonValueKind.Object)
        {
            return false;
        }

        ConnectionStates states = ConnectionStates.None;
        foreach (string? word in words.ValueKind == JsonValueKind.Array ? words.EnumerateArray().Select(item => item.GetString()) : [words.GetString()])
        {
            states |= word switch
            {
                "new" => ConnectionStates.New,
                "established" => ConnectionStates.Established,
                "related" => ConnectionStates.Related,
                "invalid" => ConnectionStates.Invalid,
                "untracked" => ConnectionStates.Untracked,
                "dnat" => ConnectionStates.Dnat,
                "snat" => ConnectionStates.Snat,
                _ => ConnectionStates.None,
            };
        }

        _steps.Add(new RuleStep.StateMatch(states, isNegated));
        return true;
    }

    private bool MatchMark(JsonElement left, JsonElement right, bool isNegated)
    {
        uint mask = uint.MaxValue;
        JsonElement marked = left;
        if (left.TryGetProperty("&", out JsonElement and) && and[1].ValueKind == JsonValueKind.Number)
        {
            marked = and[0];
            mask = and[1].GetUInt32();
        }

        if (!IsMark(marked) || right.ValueKind != JsonValueKind.Number)
        {
            return false;
        }

        _steps.Add(new RuleStep.MarkMatch(mask, right.GetUInt32(), isNegated));
        return true;
    }

    private bool MatchMeta(JsonElement left, JsonElement right, bool isNegated)
    {
        if (!left.TryGetProperty("meta", out JsonElement meta) || right.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            return false;
        }

        switch (meta.GetProperty("key").GetString())
        {
            case "l4proto":
                TransportProtocol? protocol = NftElements.Protocol(right) switch
                {
                    "tcp" => TransportProtocol.Tcp,
                    "udp" => TransportProtocol.Udp,
                    "sctp" => TransportProtocol.Sctp,
                    _ => null,
                };
                _steps.Add(new RuleStep.ProtocolMatch(protocol, isNegated));
                return true;
            case "iifname" or "oifname" when right.ValueKind == JsonValueKind.String:
                string value = right.GetString() ?? "";
                bool isPrefix = value.EndsWith('*');
                string name = isPrefix ? value[..^1] : value;
                _steps.Add(new RuleStep.InterfaceMatch(meta.GetProperty("key").GetString() == "iifname", name, isPrefix, isNegated));
                return true;
            default:
                return false;
        }
    }

    private bool MatchFib(JsonElement left, JsonElement right, bool isNegated)
    {
        bool isType = left.TryGetProperty("fib", out JsonElement fib) && fib.GetProperty("result").GetString() == "type";
        if (!isType || right.ValueKind != JsonValueKind.String || right.GetString() != "local")
        {
            return false;
        }

        JsonElement flags = fib.GetProperty("flags");
        string? flag = flags.ValueKind == JsonValueKind.Array && flags.GetArrayLength() == 1 ? flags[0].GetString() : flags.ValueKind == JsonValueKind.String ? flags.GetString() : null;
        if (flag is not ("saddr" or "daddr"))
        {
            return false;
        }

        _steps.Add(new RuleStep.LocalMatch(flag == "saddr" ? PacketField.Source : PacketField.Destination, isNegated));
        return true;
    }

    private bool MatchRandom(JsonElement left, JsonElement right, bool isNegated)
    {
        if (Part(left) is not { Field: PacketField.Random } random || right.ValueKind != JsonValueKind.Number)
        {
            return false;
        }

        double probability = right.GetInt64() < random.Modulus ? 1.0 / random.Modulus : 0;
        _steps.Add(new RuleStep.RandomMatch(isNegated ? 1 - probability : probability));
        return true;
    }

    /// <summary>Addresses, ports and concatenations against values and sets.</summary>
    private bool MatchKey(JsonElement left, JsonElement right, bool isNegated)
    {
        int stepsBefore = _steps.Count;
        if (Key(left) is not { } key)
        {
            _steps.RemoveRange(stepsBefore, _steps.Count - stepsBefore);
            return false;
        }

        if (right.ValueKind == JsonValueKind.String && right.GetString() is ['@', .. string name])
        {
            return MatchNamedSet(key, name, isNegated);
        }

        if (key.Length != 1)
        {
            return false;
        }

        if (key[0].Field is PacketField.Source or PacketField.Destination)
        {
            JsonElement[] values = right.ValueKind == JsonValueKind.Object && right.TryGetProperty("set", out JsonElement set) ? [.. set.EnumerateArray()] : [right];
            if (NftElements.Ranges(values) is not { } ranges)
            {
                return false;
            }

            _steps.Add(new RuleStep.AddressMatch(key[0].Field, EquatableArray.CopyOf(ranges), isNegated));
            return true;
        }

        if (key[0].Field is PacketField.SourcePort or PacketField.DestinationPort && right.ValueKind == JsonValueKind.Number)
        {
            _steps.Add(new RuleStep.PortMatch(key[0].Field, right.GetUInt16(), right.GetUInt16(), isNegated));
            return true;
        }

        return false;
    }

    private bool MatchNamedSet(EquatableArray<KeyPart> key, string name, bool isNegated)
    {
        ElementSet set = table.FindSet(name, key);
        bool isClient = key.Length == 1 && key[0].Field == PacketField.Source;
        bool isDestination = key.Length == 1 && key[0].Field == PacketField.Destination;
        if (isClient && set.ExpirySeconds != 0 && !isNegated)
        {
            _steps.Add(new RuleStep.KnownClientMatch(name, set.ExpirySeconds));
        }
        else if ((isClient || (isDestination && table.HasIntervals(name))) && table.FindRanges(name) is { } ranges)
        {
            _steps.Add(new RuleStep.AddressMatch(key[0].Field, EquatableArray.CopyOf(ranges), isNegated));
        }
        else if (table.HasIntervals(name))
        {
            return false;
        }
        else
        {
            _steps.Add(new RuleStep.SetMatch(key, set, isNegated));
        }

        return true;
    }
}
