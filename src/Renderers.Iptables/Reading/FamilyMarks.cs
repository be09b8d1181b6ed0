using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>
/// Which family a rule is of, as far as its text shows: by its addresses, and by protocols, matches and ICMP messages that only
/// iptables or only ip6tables has (iptables-extensions(8)).
/// </summary>
internal static class FamilyMarks
{
    /// <summary>Words that only ip6tables takes.</summary>
    private static readonly string[] s_onlyIPv6 = ["icmpv6", "ipv6-icmp", "icmp6", "--icmpv6-type", "ipv6header", "hl", "HL", "eui64", "frag", "hbh", "rt", "mh", "NPT", "SNPT", "DNPT"];

    /// <summary>Words that only iptables takes.</summary>
    private static readonly string[] s_onlyIPv4 = ["icmp", "--icmp-type", "ttl", "TTL", "realm", "CLUSTERIP", "ULOG", "unclean"];

    private static readonly SearchValues<byte> s_ofIPv4 = SearchValues.Create("0123456789."u8);
    private static readonly SearchValues<byte> s_ofIPv6 = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    /// <summary>The family; null if nothing shows it.</summary>
    /// <param name="rule">The rule, from its command on.</param>
    public static IpFamily? Find(ReadOnlySpan<byte> rule)
    {
        bool isQuoted = false;
        ReadOnlySpan<byte> before = default;
        foreach (Range range in rule.Split((byte)' '))
        {
            ReadOnlySpan<byte> word = rule[range];
            bool wasQuoted = isQuoted;
            isQuoted ^= (word.Count((byte)'"') - word.Count("\\\""u8)) % 2 != 0;
            if (wasQuoted || isQuoted || word.IsEmpty || word[0] == '"')
            {
                continue;
            }

            if ((OfAddress(word) ?? OfWord(word, before)) is { } family)
            {
                return family;
            }

            before = word;
        }

        return null;
    }

    /// <summary>The family of an address, a prefix, or an address with a port: <c>10.0.0.0/8</c>, <c>[fd00::1]:80</c>; null for any other word.</summary>
    private static IpFamily? OfAddress(ReadOnlySpan<byte> word)
    {
        if (word[0] is (byte)'-' or (byte)'!')
        {
            return null;
        }

        if (word.Count((byte)'.') >= 3)
        {
            int end = word.IndexOfAnyExcept(s_ofIPv4);
            return IpAddress.TryParse(end < 0 ? word : word[..end], out IpAddress address) && address.IsIPv4 ? IpFamily.IPv4 : null;
        }

        if (word.Count((byte)':') < 2)
        {
            return null;
        }

        word = word.TrimStart((byte)'[');
        int last = word.IndexOfAnyExcept(s_ofIPv6);
        return IpAddress.TryParse(last < 0 ? word : word[..last], out IpAddress parsed) && !parsed.IsIPv4 ? IpFamily.IPv6 : null;
    }

    private static IpFamily? OfWord(ReadOnlySpan<byte> word, ReadOnlySpan<byte> before)
    {
        if (before.SequenceEqual("--reject-with"u8))
        {
            return word.StartsWith("icmp6-"u8) ? IpFamily.IPv6 : word.StartsWith("icmp-"u8) ? IpFamily.IPv4 : null;
        }

        bool isOption = word.StartsWith("--icmp"u8);
        if (!isOption && !before.SequenceEqual("-p"u8) && !before.SequenceEqual("-m"u8) && !before.SequenceEqual("-j"u8))
        {
            return null;
        }

        return Has(s_onlyIPv6, word) ? IpFamily.IPv6 : Has(s_onlyIPv4, word) ? IpFamily.IPv4 : null;
    }

    private static bool Has(string[] words, ReadOnlySpan<byte> word)
    {
        foreach (string known in words)
        {
            if (Ascii.Equals(word, known))
            {
                return true;
            }
        }

        return false;
    }
}
