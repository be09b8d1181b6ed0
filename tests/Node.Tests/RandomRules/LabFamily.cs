using System.Globalization;
using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>
/// Makes IPv6 of what is written for IPv4: each address becomes the one with the same last 32 bits under one prefix, and words
/// become those that IPv6 has for them. So both families are tested with the same rules.
/// </summary>
internal static partial class LabFamily
{
    private const string Start = "fd00:9::";

    /// <summary>The address of a family.</summary>
    public static IpAddress Address(string text, IpFamily family) =>
        family == IpFamily.IPv4 ? IpAddress.Parse(text) : IpAddress.FromBits(IpAddress.Parse(Start).ToBits() | IpAddress.Parse(text).ToIPv4Bits());

    /// <summary>The prefix of a family.</summary>
    public static string Prefix(string text, IpFamily family) => Addresses(text, family);

    /// <summary>A text with the addresses, prefixes, ranges and endpoints of a family.</summary>
    public static string Addresses(string text, IpFamily family) => family == IpFamily.IPv4 ? text : Written().Replace(text, static match =>
    {
        string first = Address(match.Groups["first"].Value, IpFamily.IPv6).ToString();
        string last = match.Groups["last"].Success ? Address(match.Groups["last"].Value, IpFamily.IPv6).ToString() : "";
        if (match.Groups["length"].Success)
        {
            int length = int.Parse(match.Groups["length"].Value, CultureInfo.InvariantCulture);
            return length == 0 ? "::/0" : string.Create(CultureInfo.InvariantCulture, $"{first}/{length + 96}");
        }

        string range = last.Length == 0 ? first : $"{first}-{last}";
        return match.Groups["ports"].Success ? $"[{range}]{match.Groups["ports"].Value}" : range;
    });

    /// <summary>Rules as ip6tables-restore takes them.</summary>
    public static string Iptables(string text, IpFamily family) => family == IpFamily.IPv4 ? text : Addresses(text, family)
        .Replace("! -f ", "", StringComparison.Ordinal)
        .Replace("-f ", "", StringComparison.Ordinal)
        .Replace("-p icmp", "-p ipv6-icmp", StringComparison.Ordinal)
        .Replace("icmp-port-unreachable", "icmp6-port-unreachable", StringComparison.Ordinal)
        .Replace("icmp-admin-prohibited", "icmp6-adm-prohibited", StringComparison.Ordinal)
        .Replace("icmp-host-prohibited", "icmp6-policy-fail", StringComparison.Ordinal)
        .Replace("icmp-net-unreachable", "icmp6-no-route", StringComparison.Ordinal)
        .Replace("icmp-host-unreachable", "icmp6-addr-unreachable", StringComparison.Ordinal)
        .Replace("--dst-type BROADCAST", "--dst-type MULTICAST", StringComparison.Ordinal)
        .Replace("-j TTL --ttl-set", "-j HL --hl-set", StringComparison.Ordinal)
        .Replace("-m ttl --ttl-lt", "-m hl --hl-lt", StringComparison.Ordinal)
        .Replace("-m icmp --icmp-type", "-m icmp6 --icmpv6-type", StringComparison.Ordinal);

    /// <summary>Rules as nft takes them.</summary>
    public static string Nftables(string text, IpFamily family) => family == IpFamily.IPv4 ? text : FieldsOfFamily().Replace(
        Addresses(text, family)
            .Replace("ip protocol", "ip6 nexthdr", StringComparison.Ordinal)
            .Replace("l4proto icmp ", "l4proto icmpv6 ", StringComparison.Ordinal)
            .Replace("reject with icmp ", "reject with icmpv6 ", StringComparison.Ordinal)
            .Replace("icmpv6 host-unreachable", "icmpv6 addr-unreachable", StringComparison.Ordinal)
            .Replace("ipv4_addr", "ipv6_addr", StringComparison.Ordinal)
            .Replace("l3proto ipv4", "l3proto ipv6", StringComparison.Ordinal)
            .Replace("meta protocol ip", "meta protocol ip6", StringComparison.Ordinal)
            .Replace("icmp type", "icmpv6 type", StringComparison.Ordinal)
            .Replace("nfproto ipv4", "nfproto ipv6", StringComparison.Ordinal)
            .Replace("ip ttl", "ip hoplimit", StringComparison.Ordinal)
            .Replace("table ip t", "table ip6 t", StringComparison.Ordinal),
        "ip6 ");

    [GeneratedRegex(@"(?<![\d.])(?<first>\d+\.\d+\.\d+\.\d+)(-(?<last>\d+\.\d+\.\d+\.\d+))?(/(?<length>\d+)|(?<ports>:\d[\d/-]*))?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Written();

    [GeneratedRegex(@"\bip (?=saddr|daddr|dscp|hoplimit|length|nexthop|addr |to |prefix )", RegexOptions.None, 1000)]
    private static partial Regex FieldsOfFamily();
}
