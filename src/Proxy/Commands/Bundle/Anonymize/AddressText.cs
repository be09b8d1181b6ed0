using System.Globalization;
using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Replaces addresses in the forms in which tools write them: alone, with a prefix length or mask, with a port, as a range.</summary>
/// <param name="addresses">Chooses the addresses.</param>
internal sealed partial class AddressText(AddressMap addresses)
{
    /// <summary>What stands for a range that cannot be written with replaced addresses; no tool and no reader takes it for an address.</summary>
    public const string LostRange = "range-left-out";

    public AddressMap Addresses => addresses;

    /// <summary>Replaces a text that is an address in one of the forms.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text with the replaced address; null if it is none.</returns>
    public string? Map(string text)
    {
        if (text.Length < 2 || !text.AsSpan().ContainsAny('.', ':'))
        {
            return null;
        }

        if (IpAddress.TryParse(text, out IpAddress address))
        {
            return Format(address, text);
        }

        if (text.Contains('/', StringComparison.Ordinal))
        {
            return MapPrefix(text);
        }

        return MapWithPort(text) ?? MapRange(text);
    }

    /// <summary>The end of an address, or of a prefix, that a tool writes after a <c>/</c> or <c>%</c>.</summary>
    private string? MapPrefix(string text)
    {
        if (IpPrefix.TryParse(text, out IpPrefix prefix))
        {
            string own = text[..text.IndexOf('/', StringComparison.Ordinal)];
            bool hasHostBits = IpAddress.TryParse(own, out IpAddress written) && written != prefix.Address;
            return hasHostBits ? string.Create(CultureInfo.InvariantCulture, $"{addresses.Map(written)}/{prefix.Length}") : addresses.Map(prefix).ToString();
        }

        string[] parts = text.Split('/');
        return parts is [var first, var mask] && IpAddress.TryParse(first, out IpAddress address) && IpAddress.TryParse(mask, out IpAddress bits) && bits.IsIPv4 == address.IsIPv4
            ? MapMask(address, bits, mask)
            : null;
    }

    private string MapMask(IpAddress address, IpAddress mask, string maskText)
    {
        for (int length = 0; length <= address.BitLength; length++)
        {
            IpPrefix all = IpPrefix.Create(IpAddress.Parse(address.IsIPv4 ? "255.255.255.255" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), length);
            if (all.Address == mask)
            {
                return $"{addresses.Map(IpPrefix.Create(address, length)).Address}/{maskText}";
            }
        }

        return LostRange; // bits in the middle of an address
    }

    private string? MapWithPort(string text)
    {
        Match match = WithPort().Match(text);
        return match.Success && IpAddress.TryParse(match.Groups["address"].Value, out IpAddress address) && address.IsIPv4 != (text[0] == '[')
            ? text[0] == '[' ? $"[{addresses.Map(address)}]{match.Groups["rest"].Value}" : $"{addresses.Map(address)}{match.Groups["rest"].Value}"
            : null;
    }

    private string? MapRange(string text)
    {
        Match match = Range().Match(text);
        if (!match.Success || !IpAddress.TryParse(match.Groups["first"].Value, out IpAddress first) || !IpAddress.TryParse(match.Groups["last"].Value, out IpAddress last))
        {
            return null;
        }

        if (AddressRange.Split(first, last) is not [var only])
        {
            return LostRange;
        }

        IpPrefix mapped = addresses.Map(only);
        return $"{mapped.Address}-{mapped.LastAddress()}{match.Groups["rest"].Value}";
    }

    /// <summary>An IPv6 flow or route may name an IPv4 address in its mapped form.</summary>
    private string Format(IpAddress address, string text) =>
        address.IsIPv4 && text.Contains(':', StringComparison.Ordinal) ? $"::ffff:{addresses.Map(address)}" : addresses.Map(address).ToString();

    [GeneratedRegex(@"^(\[(?<address>[0-9a-fA-F:.]+)\]|(?<address>[0-9.]+))(?<rest>:[0-9]+(-[0-9]+)?)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WithPort();

    [GeneratedRegex(@"^\[?(?<first>[0-9a-fA-F:.]+?)\]?-\[?(?<last>[0-9a-fA-F.:]+?)\]?(?<rest>(?<=\]):[0-9]+(-[0-9]+)?|(?<=\.[0-9]+):[0-9]+(-[0-9]+)?)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Range();
}
