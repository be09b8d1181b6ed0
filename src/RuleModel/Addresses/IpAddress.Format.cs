using System.Buffers.Text;
using System.Numerics;

namespace KubeProxySharp.RuleModel.Addresses;

/// <content>Text forms.</content>
public readonly partial record struct IpAddress
{
    /// <summary>The longest text of an address in bytes (INET6_ADDRSTRLEN without its terminator).</summary>
    public const int MaxTextLength = 45;

    private const int NoRun = -1;

    /// <summary>
    /// Writes the canonical text of spec 2.6 as ASCII: IPv4 dotted decimal, IPv6 as RFC 5952 without a dotted tail.
    /// </summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Format(Span<byte> destination) =>
        IsIPv4 ? FormatDotted((uint)_low, destination) : FormatGroups(destination, dottedTail: false);

    /// <summary>
    /// Writes the text that <c>inet_ntop</c> of glibc gives, which is what iptables-save and nft print. It differs from
    /// <see cref="Format"/> only for addresses in ::/96, whose last 32 bits come in dotted form.
    /// </summary>
    /// <param name="destination">At least <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int FormatAsListed(Span<byte> destination)
    {
        if (IsIPv4)
        {
            return FormatDotted((uint)_low, destination);
        }

        bool isCompatible = _high == 0 && _low >> 32 == 0 && _low >> 16 != 0;
        return FormatGroups(destination, isCompatible);
    }

    private static int FormatDotted(uint bits, Span<byte> destination)
    {
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            Utf8Formatter.TryFormat((byte)(bits >> shift), destination[length..], out int written);
            length += written;
            if (shift != 0)
            {
                destination[length++] = (byte)'.';
            }
        }

        return length;
    }

    private int FormatGroups(Span<byte> destination, bool dottedTail)
    {
        int groupCount = dottedTail ? 6 : 8;
        (int runStart, int runLength) = LongestZeroRun(groupCount);
        int length = 0;
        for (int group = 0; group < groupCount; group++)
        {
            if (group == runStart)
            {
                destination[length++] = (byte)':';
                group += runLength - 1;
                if (group == groupCount - 1)
                {
                    destination[length++] = (byte)':';
                }

                continue;
            }

            if (group != 0)
            {
                destination[length++] = (byte)':';
            }

            length += FormatHex(Group(group), destination[length..]);
        }

        return dottedTail ? length + FormatDotted((uint)_low, destination[length..]) : length;
    }

    private (int Start, int Length) LongestZeroRun(int groupCount)
    {
        int bestStart = NoRun;
        int bestLength = 1;
        for (int start = 0; start < groupCount; start++)
        {
            int end = start;
            while (end < groupCount && Group(end) == 0)
            {
                end++;
            }

            if (end - start > bestLength)
            {
                (bestStart, bestLength) = (start, end - start);
            }

            start = end;
        }

        return (bestStart, bestLength);
    }

    private ushort Group(int index) =>
        (ushort)(index < 4 ? _high >> (48 - (16 * index)) : _low >> (48 - (16 * (index - 4))));

    private static int FormatHex(ushort value, Span<byte> destination)
    {
        int digits = Math.Max(1, (19 - BitOperations.LeadingZeroCount((uint)value << 16)) / 4);
        for (int digit = digits - 1; digit >= 0; digit--)
        {
            destination[digits - 1 - digit] = "0123456789abcdef"u8[(value >> (4 * digit)) & 0xF];
        }

        return digits;
    }
}
