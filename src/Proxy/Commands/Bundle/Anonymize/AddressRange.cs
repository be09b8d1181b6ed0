using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Splits a range that is given by its first and last address into ranges with a prefix length each, the fewest that there are.</summary>
internal static class AddressRange
{
    /// <summary>Splits.</summary>
    /// <returns>The ranges in order; none if the ends are of two families, or in the wrong order.</returns>
    public static IReadOnlyList<IpPrefix> Split(IpAddress first, IpAddress last)
    {
        List<IpPrefix> prefixes = [];
        if (first.Family != last.Family || first.CompareTo(last) > 0)
        {
            return prefixes;
        }

        int width = first.BitLength;
        UInt128 from = first.IsIPv4 ? first.ToIPv4Bits() : first.ToBits();
        UInt128 to = last.IsIPv4 ? last.ToIPv4Bits() : last.ToBits();
        while (true)
        {
            int free = (int)Math.Min((uint)width, (uint)UInt128.TrailingZeroCount(from));
            while (free > 0 && (free == 128 ? UInt128.MaxValue : from + (UInt128.One << free) - 1) > to)
            {
                free--;
            }

            prefixes.Add(IpPrefix.Create(first.IsIPv4 ? IpAddress.FromIPv4((uint)from) : IpAddress.FromBits(from), width - free));
            UInt128 end = free == 128 ? UInt128.MaxValue : from + (UInt128.One << free) - 1;
            if (end >= to)
            {
                return prefixes;
            }

            from = end + 1;
        }
    }
}
