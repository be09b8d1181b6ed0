using System.Text;

namespace KubeProxySharp.RuleModel.Addresses;

/// <content>
/// Parsing with kube-proxy's leniency (spec 2.5): leading zeros are decimal, never octal; zones, brackets, blanks and
/// shortened or hexadecimal IPv4 forms are refused.
/// </content>
public readonly partial record struct IpAddress
{
    /// <summary>No valid address text is longer, leading zeros included; longer input is rejected without parsing.</summary>
    private const int MaxInputLength = 128;

    /// <summary>Parses UTF-8 text.</summary>
    /// <returns>Whether the text is an address.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        if (text.Length > MaxInputLength)
        {
            return false;
        }

        int firstSeparator = text.IndexOfAny((byte)'.', (byte)':');
        if (firstSeparator < 0)
        {
            return false;
        }

        if (text[firstSeparator] == (byte)':')
        {
            return TryParseGroups(text, out address);
        }

        bool isIPv4 = TryParseDotted(text, out uint bits);
        address = isIPv4 ? FromIPv4(bits) : default;
        return isIPv4;
    }

    /// <summary>Parses text.</summary>
    /// <returns>Whether the text is an address.</returns>
    public static bool TryParse(string? text, out IpAddress address)
    {
        address = default;
        if (text is null || text.Length > MaxInputLength || !Ascii.IsValid(text))
        {
            return false;
        }

        Span<byte> ascii = stackalloc byte[MaxInputLength];
        Ascii.FromUtf16(text, ascii, out int length);
        return TryParse(ascii[..length], out address);
    }

    /// <summary>Parses text that is known to be an address, such as a constant.</summary>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out IpAddress address) ? address : throw new FormatException($"\"{text}\" is not an IP address");

    private static bool TryParseDotted(ReadOnlySpan<byte> text, out uint bits)
    {
        bits = 0;
        for (int octet = 0; octet < 4; octet++)
        {
            if (octet != 0)
            {
                if (text.IsEmpty || text[0] != (byte)'.')
                {
                    return false;
                }

                text = text[1..];
            }

            if (!TryTakeNumber(ref text, 10, byte.MaxValue, out uint value))
            {
                return false;
            }

            bits = (bits << 8) | value;
        }

        return text.IsEmpty;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        Span<ushort> groups = stackalloc ushort[8];
        int count = 0;
        int ellipsis = -1;
        if (text.StartsWith("::"u8))
        {
            ellipsis = 0;
            text = text[2..];
        }

        while (!text.IsEmpty)
        {
            if (count == 8)
            {
                return false;
            }

            ReadOnlySpan<byte> fromHere = text;
            if (!TryTakeNumber(ref text, 16, ushort.MaxValue, out uint group))
            {
                return false;
            }

            if (!text.IsEmpty && text[0] == (byte)'.')
            {
                bool fits = ellipsis < 0 ? count == 6 : count <= 6;
                if (!fits || !TryParseDotted(fromHere, out uint tail))
                {
                    return false;
                }

                groups[count++] = (ushort)(tail >> 16);
                groups[count++] = (ushort)tail;
                break;
            }

            groups[count++] = (ushort)group;
            if (text.IsEmpty)
            {
                break;
            }

            if (text[0] != (byte)':' || text.Length == 1)
            {
                return false;
            }

            text = text[1..];
            if (text[0] == (byte)':')
            {
                if (ellipsis >= 0)
                {
                    return false;
                }

                ellipsis = count;
                text = text[1..];
            }
        }

        // An ellipsis stands for at least one group.
        return ellipsis < 0
            ? count == 8 && TryAssemble(groups, out address)
            : count < 8 && TryAssemble(Expand(groups, count, ellipsis), out address);
    }

    private static Span<ushort> Expand(Span<ushort> groups, int count, int ellipsis)
    {
        int tail = count - ellipsis;
        groups.Slice(ellipsis, tail).CopyTo(groups[^tail..]);
        groups[ellipsis..^tail].Clear();
        return groups;
    }

    private static bool TryAssemble(ReadOnlySpan<ushort> groups, out IpAddress address)
    {
        UInt128 bits = 0;
        foreach (ushort group in groups)
        {
            bits = (bits << 16) | group;
        }

        address = FromBits(bits);
        return true;
    }

    private static bool TryTakeNumber(ref ReadOnlySpan<byte> text, uint radix, uint maximum, out uint value)
    {
        value = 0;
        int length = 0;
        while (length < text.Length && DigitValue(text[length]) is uint digit && digit < radix)
        {
            value = (value * radix) + digit;
            if (value > maximum)
            {
                return false;
            }

            length++;
        }

        text = text[length..];
        return length > 0;
    }

    private static uint DigitValue(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)(character - '0'),
        >= (byte)'a' and <= (byte)'f' => (uint)(character - 'a' + 10),
        >= (byte)'A' and <= (byte)'F' => (uint)(character - 'A' + 10),
        _ => uint.MaxValue,
    };
}
