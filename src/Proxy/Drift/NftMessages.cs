using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Drift;

/// <summary>The messages of one netlink datagram; what is cut off or malformed ends it.</summary>
/// <param name="datagram">The datagram.</param>
internal ref struct NftMessages(ReadOnlySpan<byte> datagram)
{
    private const int HeaderLength = 16; // struct nlmsghdr
    private const int FamilyLength = 4; // struct nfgenmsg

    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message that <see cref="MoveNext"/> found.</summary>
    public NftMessage Current { get; private set; }

    /// <summary>Goes to the next message.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength + FamilyLength)
        {
            return false;
        }

        uint length = MemoryMarshal.Read<uint>(_rest);
        if (length < HeaderLength + FamilyLength || length > (uint)_rest.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> message = _rest[..(int)length];
        Current = new(
            MemoryMarshal.Read<ushort>(message[4..]),
            MemoryMarshal.Read<int>(message[12..]),
            message[HeaderLength],
            message[(HeaderLength + FamilyLength)..]);
        _rest = _rest[Math.Min(((int)length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
