using System.Buffers.Binary;
using System.Text;

namespace KubeProxySharp.RuleModel.Addresses;

/// <summary>
/// An IPv4 or IPv6 address as a 16-byte value. IPv4 is held in its IPv4-mapped form (RFC 4291 section 2.5.5.2), so
/// <c>::ffff:1.2.3.4</c> and <c>1.2.3.4</c> are one address, as kube-proxy treats them (spec 2.5).
/// The default value is the unspecified IPv6 address <c>::</c>.
/// </summary>
public readonly partial record struct IpAddress : IComparable<IpAddress>
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    private readonly ulong _high;
    private readonly ulong _low;

    private IpAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>The family the address belongs to; IPv4-mapped addresses are IPv4.</summary>
    public IpFamily Family => IsIPv4 ? IpFamily.IPv4 : IpFamily.IPv6;

    /// <summary>Whether the address has a four-byte form.</summary>
    public bool IsIPv4 => _high == 0 && (_low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>Whether the address is inside 127.0.0.0/8 or is <c>::1</c>.</summary>
    public bool IsLoopback => IsIPv4 ? (byte)(_low >> 24) == 127 : _high == 0 && _low == 1;

    /// <summary>Whether the address is <c>0.0.0.0</c> or <c>::</c>.</summary>
    public bool IsUnspecified => _high == 0 && (_low == 0 || _low == MappedPrefix);

    /// <summary>Whether the address is inside fe80::/10, which netfilter rules cannot name without an interface.</summary>
    public bool IsIPv6LinkLocal => _high >> 54 == 0x3FA;

    /// <summary>Number of bits of an address of this family: 32 or 128.</summary>
    public int BitLength => IsIPv4 ? 32 : 128;

    /// <summary>Makes an IPv4 address from its 32 bits in host byte order.</summary>
    public static IpAddress FromIPv4(uint bits) => new(0, MappedPrefix | bits);

    /// <summary>Makes an address from its 128 bits; an IPv4-mapped value becomes IPv4.</summary>
    public static IpAddress FromBits(UInt128 bits) => new((ulong)(bits >> 64), (ulong)bits);

    /// <summary>Makes an address from 4 or 16 bytes in network byte order, as found in netlink attributes.</summary>
    /// <exception cref="ArgumentException">The length is neither 4 nor 16.</exception>
    public static IpAddress FromBytes(ReadOnlySpan<byte> networkOrder) => networkOrder.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(networkOrder)),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(networkOrder), BinaryPrimitives.ReadUInt64BigEndian(networkOrder[8..])),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(networkOrder)),
    };

    /// <summary>The 32 bits of an IPv4 address in host byte order; meaningless for IPv6.</summary>
    public uint ToIPv4Bits() => (uint)_low;

    /// <summary>The 128 bits of the address; IPv4 in its mapped form.</summary>
    public UInt128 ToBits() => new(_high, _low);

    /// <summary>Writes the address in network byte order: 4 bytes for IPv4, 16 for IPv6.</summary>
    /// <returns>The number of bytes written.</returns>
    public int WriteBytes(Span<byte> destination)
    {
        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        return 16;
    }

    /// <summary>
    /// Orders by value with IPv4 before IPv6. This is not the order of endpoints in a chain; that one is
    /// <see cref="EndpointAddress.CompareText"/>.
    /// </summary>
    public int CompareTo(IpAddress other)
    {
        int byFamily = ((byte)Family).CompareTo((byte)other.Family);
        return byFamily != 0 ? byFamily : ToBits().CompareTo(other.ToBits());
    }

    /// <summary>The canonical text of spec 2.6.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }
}

/// <summary>An IP address family. Rules of the two families never mix: each has its own tables in the kernel.</summary>
public enum IpFamily : byte
{
    /// <summary>IPv4. In Kubernetes fields and in metric labels: <c>IPv4</c>.</summary>
    IPv4,

    /// <summary>IPv6. In Kubernetes fields and in metric labels: <c>IPv6</c>.</summary>
    IPv6,
}
