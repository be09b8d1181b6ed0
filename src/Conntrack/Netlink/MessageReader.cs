using System.Buffers.Binary;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Reads the messages of a datagram (<c>struct nlmsghdr</c>) one by one, checking every length before it is used.</summary>
/// <param name="datagram">The datagram as it was received.</param>
public ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>Number of bytes that have not been read.</summary>
    internal readonly int Left => _rest.Length;

    /// <summary>Reads the next message.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="NetlinkException">Its length is wrong.</exception>
    public bool TryRead(out NetlinkMessage message)
    {
        message = default;
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

        message = new(_rest[..(int)length]);
        int step = NetlinkHeader.Align((int)length);
        _rest = step < _rest.Length ? _rest[step..] : default;
        return true;
    }
}
