using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Appliers.Counters.Interop;

/// <summary>One request to the kernel's nfacct subsystem over netlink (linux/netfilter/nfnetlink_acct.h, spec 5.2).</summary>
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
    private const ushort NewCounter = (7 << 8) | 0; // NFNL_SUBSYS_ACCT, NFNL_MSG_ACCT_NEW
    private const ushort RequestAckExclusiveCreate = 0x1 | 0x4 | 0x200 | 0x400; // NLM_F_REQUEST, _ACK, _EXCL, _CREATE
    private const ushort NameAttribute = 1; // NFACCT_NAME
    private const ushort ErrorMessage = 2; // NLMSG_ERROR
    private const int HeaderLength = 16; // struct nlmsghdr
    private const int FamilyLength = 4; // struct nfgenmsg
    private const int AttributeLength = 4; // struct nlattr
    private const int ProtocolError = 71; // EPROTO

    /// <summary>Creates a counter in the network namespace of this thread.</summary>
    /// <returns>0, or the errno: <see cref="Exists"/> if there is one of that name.</returns>
    public static int Create(string name)
    {
        using SafeFileHandle socket = Socket(AddressFamilyNetlink, SocketRaw | CloseOnExec, NetlinkNetfilter);
        if (socket.IsInvalid)
        {
            return Marshal.GetLastPInvokeError();
        }

        Span<byte> buffer = stackalloc byte[1024];
        ReadOnlySpan<byte> request = buffer[..WriteRequest(name, buffer)];
        if (Send(socket, request, request.Length, 0) != request.Length)
        {
            return Marshal.GetLastPInvokeError();
        }

        // The answer is there already: the kernel handles a request while it is being sent.
        nint received = Receive(socket, buffer, buffer.Length, 0);
        return received < 0 ? Marshal.GetLastPInvokeError() : ReadAnswer(buffer[..(int)received]);
    }

    /// <summary>Writes the request; its length is returned.</summary>
    public static int WriteRequest(string name, Span<byte> buffer)
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
        MemoryMarshal.Write(message[4..], NewCounter);
        MemoryMarshal.Write(message[6..], RequestAckExclusiveCreate);
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

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nint length, int flags);
}
