using System.Buffers.Binary;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Reads the attributes of a message (<c>struct nlattr</c>) one by one, checking every length before it is used.</summary>
/// <param name="bytes">The attributes.</param>
public ref struct AttributeReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Type of the current attribute, without its flags.</summary>
    public ushort Type { get; private set; }

    /// <summary>Value of the current attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The attributes inside the current one.</summary>
    public readonly AttributeReader Nested => new(Value);

    /// <summary>Advances to the next attribute.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="NetlinkException">Its length is wrong.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < NetlinkHeader.AttributeLength)
        {
            throw Malformed("an attribute header is cut off");
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < NetlinkHeader.AttributeLength || length > _rest.Length)
        {
            throw Malformed("an attribute has a length that does not fit its message");
        }

        Type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & NetlinkHeader.TypeMask);
        Value = _rest[NetlinkHeader.AttributeLength..length];
        int step = NetlinkHeader.Align(length);
        _rest = step < _rest.Length ? _rest[step..] : default;
        return true;
    }

    /// <summary>Advances to the next attribute of a type.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="NetlinkException">The length of an attribute before it, or its own, is wrong.</exception>
    public bool TryFind(ushort type)
    {
        while (Read())
        {
            if (Type == type)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The value up to its terminating zero.</summary>
    public readonly ReadOnlySpan<byte> ToText() => Value.IndexOf((byte)0) is int end and >= 0 ? Value[..end] : Value;

    /// <summary>The value as one byte.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly byte ToByte() => Sized(1)[0];

    /// <summary>The value as 16 bits in network byte order.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly ushort ToUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Sized(2));

    /// <summary>The value as 32 bits in network byte order.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly uint ToUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Sized(4));

    /// <summary>The value as 32 bits in the byte order of this machine.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly uint ToNativeUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Sized(4));

    /// <summary>The value as 64 bits in network byte order.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly ulong ToUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Sized(8));

    /// <summary>The value as an address of 4 or 16 bytes.</summary>
    /// <exception cref="NetlinkException">It is shorter.</exception>
    public readonly IpAddress ToAddress(int length) => IpAddress.FromBytes(Sized(length));

    /// <summary>Makes the exception for a message that cannot be read.</summary>
    internal static NetlinkException Malformed(string what) =>
        new(NetlinkFailure.MalformedMessage, "unreadable netlink message: " + what);

    // Of a longer value than expected the beginning is used, as the kernel does: later versions may extend an attribute.
    private readonly ReadOnlySpan<byte> Sized(int length) =>
        Value.Length >= length ? Value[..length] : throw Malformed("the value of an attribute is too short");
}
