using System.Buffers.Binary;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>A received message.</summary>
public readonly ref struct NetlinkMessage
{
    /// <summary>Wraps a message whose length was checked.</summary>
    internal NetlinkMessage(ReadOnlySpan<byte> bytes)
    {
        Type = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        Port = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        Payload = bytes[NetlinkHeader.Length..];
    }

    /// <summary>The message type.</summary>
    public ushort Type { get; }

    /// <summary>The flags.</summary>
    public ushort Flags { get; }

    /// <summary>The sequence number of the request that is answered.</summary>
    public uint Sequence { get; }

    /// <summary>The port id of the socket that sent the request, or that made the reported change.</summary>
    public int Port { get; }

    /// <summary>The message without its header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The family in the header of a netfilter message.</summary>
    /// <exception cref="NetlinkException">The message has no such header.</exception>
    public byte Family => Generic[0];

    /// <summary>The resource id in the header of a netfilter message.</summary>
    /// <exception cref="NetlinkException">The message has no such header.</exception>
    public ushort Resource => BinaryPrimitives.ReadUInt16BigEndian(Generic[2..]);

    /// <summary>The attributes of a netfilter message.</summary>
    /// <exception cref="NetlinkException">The message has no such header.</exception>
    public AttributeReader Attributes => new(Generic[NetlinkHeader.GenericLength..]);

    private ReadOnlySpan<byte> Generic => Payload.Length >= NetlinkHeader.GenericLength
        ? Payload
        : throw AttributeReader.Malformed("the family header is cut off");

    /// <summary>The errno of an NLMSG_ERROR message, 0 for an acknowledgement.</summary>
    /// <exception cref="NetlinkException">The message is truncated.</exception>
    public int ToError() => Payload.Length < sizeof(int)
        ? throw AttributeReader.Malformed("an error message is cut off")
        : -BinaryPrimitives.ReadInt32LittleEndian(Payload);

    /// <summary>The errno at the end of a dump; 0 on success, and when an old kernel does not report it.</summary>
    public int ToDoneError() => Payload.Length < sizeof(int) ? 0 : -BinaryPrimitives.ReadInt32LittleEndian(Payload);
}
