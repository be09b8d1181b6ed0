using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Drift;

/// <summary>The messages of one netlink datagram; what is cut off or malformed ends it.</summary>
/// <param name="datagram">The datagram.</param>
internal ref struct NftMessages(ReadOnlySpan<byte> datagram)
{
    private const int HeaderLength = 16; // struct nlmsghdr
    private const int FamilyLength = 4; // struct nfgenmsg

    private const int Failed = 2; // NLMSG_ERROR
    private const int Done = 3; // NLMSG_DONE

    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message that <see cref="MoveNext"/> found.</summary>
    public NftMessage Current { get; private set; }

    /// <summary>Whether that ends a dump, well or not (NLMSG_DONE, NLMSG_ERROR).</summary>
    public bool IsEnd { get; private set; }

    /// <summary>errno of a dump that ended; 0 if it went well.</summary>
    public int Error { get; private set; }

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
        ushort type = MemoryMarshal.Read<ushort>(message[4..]);
        IsEnd = type is Done or Failed;
        Error = IsEnd ? -MemoryMarshal.Read<int>(message[HeaderLength..]) : 0;
        Current = new(
            type,
            MemoryMarshal.Read<int>(message[12..]),
            message[HeaderLength],
            message[(HeaderLength + FamilyLength)..]);
        _rest = _rest[Math.Min(((int)length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
