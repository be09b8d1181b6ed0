using System.Buffers.Binary;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// What an NLMSG_ERROR message tells of the request that was refused, where the socket asked for it
/// (<see cref="NetlinkSocket.TryExplainErrors"/>). One datagram of a batch gets one of these for each of its messages that
/// the kernel refuses, told apart by the sequence number.
/// </summary>
public readonly ref struct NetlinkError
{
    private const ushort TextAttribute = 1; // NLMSGERR_ATTR_MSG
    private const ushort OffsetAttribute = 2; // NLMSGERR_ATTR_OFFS

    /// <summary>Reads a message.</summary>
    /// <exception cref="NetlinkException">It cannot be read.</exception>
    public NetlinkError(NetlinkMessage message)
    {
        Number = message.ToError();
        Sequence = message.Sequence;
        if ((message.Flags & NetlinkHeader.Explained) == 0)
        {
            return;
        }

        // The request is repeated, or only its header; then come the attributes.
        ReadOnlySpan<byte> request = message.Payload[sizeof(int)..];
        if (request.Length < NetlinkHeader.Length)
        {
            throw AttributeReader.Malformed("an error message is cut off");
        }

        uint length = (message.Flags & NetlinkHeader.Capped) != 0 || Number == 0 ? NetlinkHeader.Length : BinaryPrimitives.ReadUInt32LittleEndian(request);
        if (length > (uint)request.Length)
        {
            throw AttributeReader.Malformed("an error message is cut off");
        }

        AttributeReader attributes = new(request[Math.Min(NetlinkHeader.Align((int)length), request.Length)..]);
        while (attributes.Read())
        {
            if (attributes.Type == TextAttribute)
            {
                Text = attributes.ToText();
            }
            else if (attributes.Type == OffsetAttribute)
            {
                Offset = attributes.ToNativeUInt32();
            }
        }
    }

    /// <summary>The errno; 0 is an acknowledgement.</summary>
    public int Number { get; }

    /// <summary>The sequence number of the request.</summary>
    public uint Sequence { get; }

    /// <summary>The kernel's explanation; empty if it has none.</summary>
    public ReadOnlySpan<byte> Text { get; }

    /// <summary>Where in the request the attribute is that the kernel does not accept, in bytes from its header; 0 if it does not say.</summary>
    public uint Offset { get; }
}
