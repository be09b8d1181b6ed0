using System.Globalization;
using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Elements of sets and maps.</summary>
internal static class NftElements
{
    /// <summary>The text of a key: the parts of a concatenation joined as nft lists them.</summary>
    public static string Key(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            JsonProperty property = NftJsonReader.FirstOf(element);
            switch (property.Name)
            {
                case "concat":
                    return string.Join(" . ", property.Value.EnumerateArray().Select(Key));
                case "elem":
                    return Key(property.Value.GetProperty("val"));
            }
        }

        return element.ValueKind switch
        {
            JsonValueKind.String => Canonical(element.GetString() ?? ""),
            JsonValueKind.Number => element.GetInt64().ToString(CultureInfo.InvariantCulture),
            _ => element.GetRawText(),
        };
    }

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
    public static bool TryFill(VerdictMap map, IEnumerable<JsonElement> pairs)
    {
        foreach (JsonElement pair in pairs)
        {
            if (!IsPlain(pair[0]))
            {
                return false;
            }

            map.Add(Key(pair[0]), NftRuleReader.Verdict(NftJsonReader.FirstOf(pair[1])) ?? new RuleStep.UnknownStatement(pair[1].GetRawText()));
        }

        return true;
    }

    /// <summary>A map of DNAT targets: pairs of key and address with port. False if it has anything else.</summary>
    public static bool TryFill(TargetMap map, IEnumerable<JsonElement> pairs)
    {
        foreach (JsonElement pair in pairs)
        {
            string[] parts = Key(pair[1]).Split(" . ");
            bool isTarget = parts.Length == 2
                & IpAddress.TryParse(parts[0], out IpAddress address)
                & ushort.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port);
            if (!isTarget || !IsPlain(pair[0]))
            {
                return false;
            }

            map.Add(Key(pair[0]), new EndpointAddress(address, port));
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

    /// <summary>nft prints addresses in ::/96 in another way than keys are looked up by.</summary>
    private static string Canonical(string text) => IpAddress.TryParse(text, out IpAddress address) ? address.ToString() : text;
}
