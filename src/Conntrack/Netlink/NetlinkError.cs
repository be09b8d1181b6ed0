using System.Buffers.Binary;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// An NLMSG_ERROR message with the details of a refused request, which the kernel adds after
/// <see cref="NetlinkSocket.TryExplainErrors"/>. It answers each refused message of a batch with one of these, identified by
/// the sequence number.
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

        // The request or only its header is repeated; the attributes follow.
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

    /// <summary>The offset in the request of the attribute that the kernel does not accept, in bytes from the header; 0 if unknown.</summary>
    public uint Offset { get; }
}
