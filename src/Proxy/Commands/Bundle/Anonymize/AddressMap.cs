using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>
/// Replaces addresses by others so that two addresses have as many leading bits in common as before (Xu et al., "Prefix-Preserving IP
/// Address Anonymization", 2002): a range still contains the addresses that it contained. Ranges with a meaning of their own stay what
/// they are: loopback, link-local and multicast addresses of IPv4 are kept; a private address becomes another one of the same private
/// range. No other address stays as it was, but those beside such a range keep the leading bits that they share with it.
/// </summary>
/// <param name="key">Chooses the addresses.</param>
internal sealed class AddressMap(AnonymousKey key)
{
    /// <summary>Ranges of which every address is kept (IANA special-purpose address registries).</summary>
    private static readonly IpPrefix[] s_kept =
        [.. new[] { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/96", "ff00::/8" }.Select(IpPrefix.Parse)];

    /// <summary>Ranges that are kept as a whole while the addresses in them are exchanged.</summary>
    private static readonly IpPrefix[] s_special =
    [
        .. s_kept,
        .. new[] { "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "2000::/3", "fc00::/8", "fd00::/8", "fe80::/10", "fe80::/64", "64:ff9b::/96" }.Select(IpPrefix.Parse),
    ];

    private readonly Dictionary<IpPrefix, IpPrefix> _known = [];
    private readonly Dictionary<(int Width, int Length, UInt128 Beginning), bool> _bits = [];

    /// <summary>The address that stands for an address.</summary>
    public IpAddress Map(IpAddress address) => Map(IpPrefix.Of(address)).Address;

    /// <summary>The range that stands for a range.</summary>
    public IpPrefix Map(IpPrefix prefix)
    {
        if (!_known.TryGetValue(prefix, out IpPrefix mapped))
        {
            mapped = IsKept(prefix) ? prefix : Exchange(prefix);
            _known.Add(prefix, mapped);
        }

        return mapped;
    }

    /// <summary>Whether a range, or an address as the range of it alone, has a meaning of its own and is not replaced.</summary>
    public static bool IsKept(IpPrefix prefix) =>
        Array.Exists(s_kept, kept => kept.Length <= prefix.Length && kept.Contains(prefix.Address)) || !FreeBits(prefix).Any();

    private IpPrefix Exchange(IpPrefix prefix)
    {
        int width = prefix.Address.BitLength;
        UInt128 bits = BitsOf(prefix.Address);
        UInt128 result = bits;
        bool isFirst = true;
        foreach (int length in FreeBits(prefix))
        {
            // The first free bit is always exchanged: nothing stays what it was.
            if (isFirst || Bit(width, length, Beginning(bits, width, length)))
            {
                result ^= UInt128.One << (width - 1 - length);
            }

            isFirst = false;
        }

        IpAddress address = width == 32 ? IpAddress.FromIPv4((uint)result) : IpAddress.FromBits(result);
        return IpPrefix.Create(address, prefix.Length);
    }

    /// <summary>The bits of a range that may be exchanged, by the number of bits before them.</summary>
    private static IEnumerable<int> FreeBits(IpPrefix prefix)
    {
        int width = prefix.Address.BitLength;
        UInt128 bits = BitsOf(prefix.Address);
        return Enumerable.Range(0, prefix.Length).Where(length => !HasSpecialBelow(Beginning(bits, width, length), length, width));
    }

    /// <summary>Whether a special range is a part of the addresses with a beginning, and not all of them: these must not change places.</summary>
    private static bool HasSpecialBelow(UInt128 beginning, int length, int width)
    {
        foreach (IpPrefix special in s_special)
        {
            if (special.Address.BitLength == width && special.Length > length && Beginning(BitsOf(special.Address), width, length) == beginning)
            {
                return true;
            }
        }

        return false;
    }

    private bool Bit(int width, int length, UInt128 beginning)
    {
        if (!_bits.TryGetValue((width, length, beginning), out bool bit))
        {
            bit = key.Bit(width, length, beginning);
            _bits.Add((width, length, beginning), bit);
        }

        return bit;
    }

    private static UInt128 BitsOf(IpAddress address) => address.IsIPv4 ? address.ToIPv4Bits() : address.ToBits();

    private static UInt128 Beginning(UInt128 bits, int width, int length) => length == 0 ? 0 : bits >> (width - length) << (width - length);
}
