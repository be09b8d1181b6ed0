using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Elements of sets and maps.</summary>
internal static class NftElements
{
    /// <summary>The text of an element: the parts of a concatenation joined as nft lists them, protocols by their names.</summary>
    /// <param name="element">The element.</param>
    /// <param name="key">What it is looked up by; empty where it is a value.</param>
    public static string Key(JsonElement element, EquatableArray<KeyPart> key)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            JsonProperty property = NftJsonReader.FirstOf(element);
            switch (property.Name)
            {
                case "concat":
                    return string.Join(" . ", property.Value.EnumerateArray().Select((part, index) => Value(part, index < key.Length ? key[index].Field : null)));
                case "elem":
                    return Key(property.Value.GetProperty("val"), key);
            }
        }

        return Value(element, key.Length == 1 ? key[0].Field : null);
    }

    /// <summary>The name of a protocol; nft lists the number where the machine has no /etc/protocols.</summary>
    public static string Protocol(JsonElement value) => value.ValueKind != JsonValueKind.Number
        ? value.GetString() ?? ""
        : value.GetInt64() switch
        {
            (long)TransportProtocol.Tcp => "tcp",
            (long)TransportProtocol.Udp => "udp",
            (long)TransportProtocol.Sctp => "sctp",
            long other => other.ToString(CultureInfo.InvariantCulture),
        };

    /// <summary>Whether a key stands for itself only: no prefix, no range, and not <c>*</c> for everything else.</summary>
    public static bool IsPlain(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return element.ValueKind == JsonValueKind.Number || (element.ValueKind == JsonValueKind.String && element.GetString() != "*");
        }

        JsonProperty property = NftJsonReader.FirstOf(element);
        return property.Name switch
        {
            "concat" => property.Value.EnumerateArray().All(IsPlain),
            "elem" => IsPlain(property.Value.GetProperty("val")),
            _ => false,
        };
    }

    /// <summary>A verdict map: pairs of key and verdict. False if there are keys that cannot be looked up.</summary>
    public static bool TryFill(VerdictMap map, EquatableArray<KeyPart> key, IEnumerable<JsonElement> pairs)
    {
        foreach (JsonElement pair in pairs)
        {
            if (!IsPlain(pair[0]))
            {
                return false;
            }

            map.Add(Key(pair[0], key), NftRuleReader.Verdict(NftJsonReader.FirstOf(pair[1])) ?? new RuleStep.UnknownStatement(pair[1].GetRawText()));
        }

        return true;
    }

    /// <summary>A map of DNAT targets: pairs of key and address with port. False if it has anything else.</summary>
    public static bool TryFill(TargetMap map, EquatableArray<KeyPart> key, IEnumerable<JsonElement> pairs)
    {
        foreach (JsonElement pair in pairs)
        {
            string[] parts = Key(pair[1], default).Split(" . ");
            bool isTarget = parts.Length == 2
                & IpAddress.TryParse(parts[0], out IpAddress address)
                & ushort.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port);
            if (!isTarget || !IsPlain(pair[0]))
            {
                return false;
            }

            map.Add(Key(pair[0], key), new EndpointAddress(address, port));
        }

        return true;
    }

    /// <summary>Addresses, prefixes and ranges; null if there is anything else.</summary>
    public static List<AddressRange>? Ranges(IEnumerable<JsonElement> elements)
    {
        List<AddressRange> ranges = [];
        foreach (JsonElement element in elements)
        {
            if (Range(element) is not { } range)
            {
                return null;
            }

            ranges.Add(range);
        }

        return ranges;
    }

    /// <summary>An address, a prefix or a range; null for anything else.</summary>
    public static AddressRange? Range(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return IpAddress.TryParse(element.GetString(), out IpAddress single) ? AddressRange.Of(single) : null;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonProperty property = NftJsonReader.FirstOf(element);
        switch (property.Name)
        {
            case "prefix":
                return IpAddress.TryParse(property.Value.GetProperty("addr").GetString(), out IpAddress address)
                    ? AddressRange.Of(IpPrefix.Create(address, property.Value.GetProperty("len").GetInt32()))
                    : null;
            case "range":
                return IpAddress.TryParse(property.Value[0].GetString(), out IpAddress first) & IpAddress.TryParse(property.Value[1].GetString(), out IpAddress last)
                    ? new AddressRange(first.ToBits(), last.ToBits())
                    : null;
            case "elem":
                return Range(property.Value.GetProperty("val"));
            default:
                return null;
        }
    }

    /// <summary>The text of one value.</summary>
    /// <param name="element">The value.</param>
    /// <param name="field">What it is compared with; null if that is not known.</param>
    private static string Value(JsonElement element, PacketField? field) => element.ValueKind switch
    {
        JsonValueKind.Number when field == PacketField.Protocol => Protocol(element),
        JsonValueKind.Number => element.GetInt64().ToString(CultureInfo.InvariantCulture),
        JsonValueKind.String => Canonical(element.GetString() ?? ""),
        _ => element.GetRawText(),
    };

    /// <summary>nft prints addresses in ::/96 in another way than keys are looked up by.</summary>
    private static string Canonical(string text) => IpAddress.TryParse(text, out IpAddress address) ? address.ToString() : text;
}
