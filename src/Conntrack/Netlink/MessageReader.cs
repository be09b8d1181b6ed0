using System.Buffers.Binary;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Steps through the messages of a datagram (<c>struct nlmsghdr</c>), checking every length before it is used.</summary>
/// <param name="datagram">What was received.</param>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message type.</summary>
    public ushort Type { get; private set; }

    /// <summary>The flags.</summary>
    public ushort Flags { get; private set; }

    /// <summary>The sequence number of the request that is answered.</summary>
    public uint Sequence { get; private set; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>Goes to the next message.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ConntrackException">Its length is wrong.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < NetlinkHeader.Length)
        {
            throw AttributeReader.Malformed("a message header is cut off");
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length < NetlinkHeader.Length || length > (uint)_rest.Length)
        {
            throw AttributeReader.Malformed("a message has a length that does not fit its datagram");
        }

        Type = BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]);
        Flags = BinaryPrimitives.ReadUInt16LittleEndian(_rest[6..]);
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]);
        Payload = _rest[NetlinkHeader.Length..(int)length];
        int step = NetlinkHeader.Align((int)length);
        _rest = step < _rest.Length ? _rest[step..] : default;
        return true;
    }

    /// <summary>The errno of an NLMSG_ERROR message, 0 for an acknowledgement.</summary>
    public readonly int ToError() => Payload.Length < sizeof(int)
        ? throw AttributeReader.Malformed("an error message is cut off")
        : -BinaryPrimitives.ReadInt32LittleEndian(Payload);

    /// <summary>The errno at the end of a dump; 0 if all went well, and when an old kernel does not say.</summary>
    public readonly int ToDoneError() => Payload.Length < sizeof(int) ? 0 : -BinaryPrimitives.ReadInt32LittleEndian(Payload);
}
