using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Converts elements of sets and maps.</summary>
internal static class NftElements
{
    /// <summary>The text of an element: the parts of a concatenation joined as in nft's listing, with the names of protocols.</summary>
    /// <param name="element">The element.</param>
    /// <param name="key">The parts of the key; empty if the element is a value.</param>
    public static string Key(NftExpression element, EquatableArray<KeyPart> key) => element switch
    {
        NftExpression.Element inner => Key(inner.Value, key),
        NftExpression.Concatenation parts => string.Join(" . ", parts.Parts.Select((part, index) => Value(part, index < key.Length ? key[index].Field : null))),
        _ => Value(element, key.Length == 1 ? key[0].Field : null),
    };

    /// <summary>The name of a protocol; nft lists the number if the host has no /etc/protocols.</summary>
    public static string Protocol(string text) => text switch
    {
        "6" => "tcp",
        "17" => "udp",
        "132" => "sctp",
        _ => text,
    };

    /// <summary>Whether a key is a single value: no prefix, no range, and not <c>*</c>.</summary>
    public static bool IsPlain(NftExpression element) => element switch
    {
        NftExpression.Word word => word.Text != "*",
        NftExpression.Concatenation parts => Array.TrueForAll(parts.Parts, IsPlain),
        NftExpression.Element inner => IsPlain(inner.Value),
        _ => false,
    };

    /// <summary>Fills a set; false if an element is more than one key.</summary>
    public static bool TryFill(ElementSet set, EquatableArray<KeyPart> key, IEnumerable<NftExpression> elements)
    {
        foreach (NftExpression element in elements)
        {
            if (!IsPlain(element))
            {
                return false;
            }

            set.Add(Key(element, key));
        }

        return true;
    }

    /// <summary>Fills a verdict map with pairs of key and verdict; false if a key cannot be looked up.</summary>
    public static bool TryFill(VerdictMap map, EquatableArray<KeyPart> key, IEnumerable<NftExpression> elements)
    {
        foreach (NftExpression element in elements)
        {
            if (element is not NftExpression.Pair pair || !IsPlain(pair.Key))
            {
                return false;
            }

            map.Add(Key(pair.Key, key), pair.Value is NftExpression.Verdict verdict ? verdict.Step : new RuleStep.UnknownStatement(NftText.Of(pair.Value)));
        }

        return true;
    }

    /// <summary>Fills a map of DNAT targets with pairs of key and address with port; false if there is anything else.</summary>
    public static bool TryFill(TargetMap map, EquatableArray<KeyPart> key, IEnumerable<NftExpression> elements)
    {
        foreach (NftExpression element in elements)
        {
            if (element is not NftExpression.Pair pair || !IsPlain(pair.Key) || Target(pair.Value) is not { } target)
            {
                return false;
            }

            map.Add(Key(pair.Key, key), target);
        }

        return true;
    }

    /// <summary>Addresses, prefixes and ranges; null if there is anything else.</summary>
    public static List<AddressRange>? Ranges(IEnumerable<NftExpression> elements)
    {
        List<AddressRange> ranges = [];
        foreach (NftExpression element in elements)
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
    public static AddressRange? Range(NftExpression element)
    {
        switch (element)
        {
            case NftExpression.Word word:
                return IpAddress.TryParse(word.Text, out IpAddress single) ? AddressRange.Of(single) : null;
            case NftExpression.Prefix prefix:
                return IpAddress.TryParse(prefix.Address, out IpAddress address) && prefix.Length >= 0 && prefix.Length <= address.BitLength
                    ? AddressRange.Of(IpPrefix.Create(address, prefix.Length))
                    : null;
            case NftExpression.Range { First: NftExpression.Word from, Last: NftExpression.Word to }:
                return IpAddress.TryParse(from.Text, out IpAddress first) && IpAddress.TryParse(to.Text, out IpAddress last)
                    ? new AddressRange(first.ToBits(), last.ToBits())
                    : null;
            case NftExpression.Element inner:
                return Range(inner.Value);
            default:
                return null;
        }
    }

    private static EndpointAddress? Target(NftExpression value) =>
        value is NftExpression.Concatenation { Parts: [NftExpression.Word first, NftExpression.Word second] }
            && IpAddress.TryParse(first.Text, out IpAddress address)
            && ushort.TryParse(second.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? new EndpointAddress(address, port)
            : null;

    /// <summary>The text of one value.</summary>
    /// <param name="element">The value.</param>
    /// <param name="field">The field that it is compared with; null if unknown.</param>
    private static string Value(NftExpression element, PacketField? field) => element switch
    {
        NftExpression.Word word when field == PacketField.Protocol => Protocol(word.Text),
        NftExpression.Word word => Canonical(word.Text),
        _ => NftText.Of(element),
    };

    /// <summary>nft prints addresses in ::/96 in a form that differs from that of lookup keys.</summary>
    private static string Canonical(string text) =>
        text.Contains(':', StringComparison.Ordinal) && IpAddress.TryParse(text, out IpAddress address) ? address.ToString() : text;
}
