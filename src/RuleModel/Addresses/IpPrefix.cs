using System.Text;

namespace KubeProxySharp.RuleModel.Addresses;

/// <summary>
/// A network prefix (CIDR). The address is always masked: <c>1.2.3.4/28</c> is read as <c>1.2.3.0/28</c> (spec 2.5).
/// </summary>
public readonly record struct IpPrefix
{
    private IpPrefix(IpAddress address, int length)
    {
        Address = address;
        Length = (byte)length;
    }

    /// <summary>The lowest address of the network.</summary>
    public IpAddress Address { get; }

    /// <summary>Number of leading bits that are fixed: 0 to 32 or 0 to 128.</summary>
    public byte Length { get; }

    /// <summary>The family of the prefix.</summary>
    public IpFamily Family => Address.Family;

    /// <summary>Whether the prefix covers every address of its family.</summary>
    public bool IsEverything => Length == 0;

    /// <summary>Whether the prefix covers one address only.</summary>
    public bool IsSingleAddress => Length == Address.BitLength;

    /// <summary>Makes a prefix, masking the address.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length does not fit the family.</exception>
    public static IpPrefix Create(IpAddress address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.BitLength);
        return new(Mask(address, length), length);
    }

    /// <summary>The prefix that covers just this address.</summary>
    public static IpPrefix Of(IpAddress address) => new(address, address.BitLength);

    /// <summary>
    /// Parses a CIDR with kube-proxy's leniency: leading zeros in address and length are decimal, host bits are masked.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text.IndexOf((byte)'/');
        if (slash < 0 || !IpAddress.TryParse(text[..slash], out IpAddress address))
        {
            return false;
        }

        if (!TryParseLength(text[(slash + 1)..], out int length))
        {
            return false;
        }

        if (address.IsIPv4 && text[..slash].Contains((byte)':'))
        {
            // An IPv4-mapped CIDR counts its length from the front of the 128 bits.
            length -= 96;
        }

        if (length < 0 || length > address.BitLength)
        {
            return false;
        }

        prefix = new(Mask(address, length), length);
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out IpPrefix)"/>
    public static bool TryParse(string? text, out IpPrefix prefix)
    {
        prefix = default;
        return text is { Length: <= 256 } && Ascii.IsValid(text) && TryParse(Encoding.ASCII.GetBytes(text), out prefix);
    }

    /// <summary>Parses text that is known to be a CIDR, such as a constant.</summary>
    /// <exception cref="FormatException">The text is not a CIDR.</exception>
    public static IpPrefix Parse(string text) =>
        TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException($"\"{text}\" is not a CIDR");

    /// <summary>Whether the address has this family and lies inside the prefix.</summary>
    public bool Contains(IpAddress address) => address.Family == Family && Mask(address, Length) == Address;

    /// <summary>The highest address of the network.</summary>
    public IpAddress LastAddress()
    {
        int hostBits = Address.BitLength - Length;
        UInt128 hostMask = hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
        return IpAddress.FromBits(Address.ToBits() | hostMask);
    }

    /// <summary>The canonical text of spec 2.6: masked address, slash, length.</summary>
    public override string ToString() => $"{Address}/{Length}";

    private static bool TryParseLength(ReadOnlySpan<byte> digits, out int length)
    {
        length = 0;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9' || length > 128)
            {
                return false;
            }

            length = (length * 10) + (digit - '0');
        }

        return !digits.IsEmpty;
    }

    private static IpAddress Mask(IpAddress address, int length)
    {
        int hostBits = address.BitLength - length;
        UInt128 mask = hostBits == 128 ? UInt128.Zero : UInt128.MaxValue << hostBits;
        return IpAddress.FromBits(address.ToBits() & mask);
    }
}
