using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Appliers.Counters.Interop;

/// <summary>Requests to the kernel's nfacct subsystem over netlink (linux/netfilter/nfnetlink_acct.h, spec 5.2).</summary>
internal static partial class NfacctSocket
{
    /// <summary>EEXIST of asm-generic/errno-base.h.</summary>
    public const int Exists = 17;

    /// <summary>NFACCT_NAME_MAX of linux/netfilter/nfnetlink_acct.h, the terminating zero included.</summary>
    public const int MostNameBytes = 32;

    private const int AddressFamilyNetlink = 16; // AF_NETLINK
    private const int SocketRaw = 3; // SOCK_RAW
    private const int CloseOnExec = 0x80000; // SOCK_CLOEXEC
    private const int NetlinkNetfilter = 12; // NETLINK_NETFILTER
    private const ushort NewCounter = (7 << 8) | 0; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_NEW: a request, and the kind of a reading
    private const ushort GetCounter = (7 << 8) | 1; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_GET
    private const ushort RequestAckExclusiveCreate = 0x1 | 0x4 | 0x200 | 0x400; // NLM_F_REQUEST, _ACK, _EXCL, _CREATE
    private const ushort Request = 0x1; // NLM_F_REQUEST
    private const ushort NameAttribute = 1; // NFACCT_NAME
    private const ushort PacketsAttribute = 2; // NFACCT_PKTS, big-endian
    private const ushort ErrorMessage = 2; // NLMSG_ERROR
    private const int HeaderLength = 16; // struct nlmsghdr
    private const int FamilyLength = 4; // struct nfgenmsg
    private const int AttributeLength = 4; // struct nlattr
    private const int ProtocolError = 71; // EPROTO
    private const int BufferLength = 1024;

    /// <summary>Creates a counter in the network namespace of this thread.</summary>
    /// <returns>0, or the errno: <see cref="Exists"/> if there is one of that name.</returns>
    public static int Create(string name)
    {
        Span<byte> buffer = stackalloc byte[BufferLength];
        int error = Exchange(WriteRequest(name, isRead: false, buffer), buffer, out ReadOnlySpan<byte> answer);
        return error != 0 ? error : ReadAnswer(answer);
    }

    /// <summary>Reads the packets of a counter in the network namespace of this thread.</summary>
    /// <returns>Whether there is such a counter, and it may be read.</returns>
    public static bool TryRead(string name, out ulong packets)
    {
        packets = 0;
        Span<byte> buffer = stackalloc byte[BufferLength];
        return Exchange(WriteRequest(name, isRead: true, buffer), buffer, out ReadOnlySpan<byte> answer) == 0 && TryReadPackets(answer, out packets);
    }

    /// <summary>Sends the request at the beginning of a buffer, and receives the answer into it.</summary>
    /// <returns>0, or the errno.</returns>
    private static int Exchange(int length, Span<byte> buffer, out ReadOnlySpan<byte> answer)
    {
        answer = default;
        using SafeFileHandle socket = Socket(AddressFamilyNetlink, SocketRaw | CloseOnExec, NetlinkNetfilter);
        if (socket.IsInvalid)
        {
            return Marshal.GetLastPInvokeError();
        }

        if (Send(socket, buffer[..length], length, 0) != length)
        {
            return Marshal.GetLastPInvokeError();
        }

        // The answer is there already: the kernel handles a request while it is being sent.
        nint received = Receive(socket, buffer, buffer.Length, 0);
        if (received < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        answer = buffer[..(int)received];
        return 0;
    }

    /// <summary>Writes a request to read a counter or to make it; the length is returned.</summary>
    public static int WriteRequest(string name, bool isRead, Span<byte> buffer)
    {
        int nameLength = Encoding.ASCII.GetByteCount(name) + 1;
        if (nameLength > MostNameBytes)
        {
            throw new ArgumentException($"the name of an nfacct counter has at most {MostNameBytes - 1} characters", nameof(name));
        }

        int length = HeaderLength + FamilyLength + AttributeLength + ((nameLength + 3) & ~3);
        Span<byte> message = buffer[..length];
        message.Clear();
        MemoryMarshal.Write(message, length);
        MemoryMarshal.Write(message[4..], isRead ? GetCounter : NewCounter);
        MemoryMarshal.Write(message[6..], isRead ? Request : RequestAckExclusiveCreate);
        MemoryMarshal.Write(message[8..], 1); // sequence number
        Span<byte> attribute = message[(HeaderLength + FamilyLength)..];
        MemoryMarshal.Write(attribute, (ushort)(AttributeLength + nameLength));
        MemoryMarshal.Write(attribute[2..], NameAttribute);
        Encoding.ASCII.GetBytes(name, attribute[AttributeLength..]);
        return length;
    }

    /// <summary>The errno of an acknowledgement, 0 for success.</summary>
    public static int ReadAnswer(ReadOnlySpan<byte> answer)
    {
        if (answer.Length < HeaderLength + sizeof(int) || MemoryMarshal.Read<ushort>(answer[4..]) != ErrorMessage)
        {
            return ProtocolError;
        }

        return -MemoryMarshal.Read<int>(answer[HeaderLength..]);
    }

    /// <summary>Finds the packets in a reading; no other message has them.</summary>
    public static bool TryReadPackets(ReadOnlySpan<byte> answer, out ulong packets)
    {
        packets = 0;
        if (answer.Length < HeaderLength + FamilyLength || MemoryMarshal.Read<ushort>(answer[4..]) != NewCounter)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = answer[(HeaderLength + FamilyLength)..];
        while (rest.Length >= AttributeLength)
        {
            int length = MemoryMarshal.Read<ushort>(rest);
            if (length < AttributeLength || length > rest.Length)
            {
                return false;
            }

            if (MemoryMarshal.Read<ushort>(rest[2..]) == PacketsAttribute)
            {
                return BinaryPrimitives.TryReadUInt64BigEndian(rest[AttributeLength..length], out packets);
            }

            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }

        return false;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nint length, int flags);
}
