using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Conntrack.Netlink.Interop;

/// <summary>The system calls of netlink(7).</summary>
internal static unsafe partial class NetlinkCalls
{
    public const int AddressFamilyNetlink = 16; // AF_NETLINK of linux/socket.h
    public const int SocketRaw = 3; // SOCK_RAW
    public const int SocketCloseOnExec = 0x80000; // SOCK_CLOEXEC
    public const int MessageTruncated = 0x20; // MSG_TRUNC of linux/socket.h
    public const int MessageDoNotWait = 0x40; // MSG_DONTWAIT
    public const int LevelSocket = 1; // SOL_SOCKET of asm-generic/socket.h
    public const int SendBuffer = 7; // SO_SNDBUF
    public const int ReceiveBuffer = 8; // SO_RCVBUF
    public const int ReceiveTimeout = 20; // SO_RCVTIMEO_OLD
    public const int AttachFilter = 26; // SO_ATTACH_FILTER
    public const int SendBufferForce = 32; // SO_SNDBUFFORCE
    public const int ReceiveBufferForce = 33; // SO_RCVBUFFORCE
    public const int LevelNetlink = 270; // SOL_NETLINK of linux/socket.h
    public const int AddMembership = 1; // NETLINK_ADD_MEMBERSHIP of linux/netlink.h
    public const int DropMembership = 2; // NETLINK_DROP_MEMBERSHIP
    public const int CappedAcknowledgements = 10; // NETLINK_CAP_ACK
    public const int ExtendedAcknowledgements = 11; // NETLINK_EXT_ACK

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial SafeFileHandle Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(SafeFileHandle socket, in NetlinkAddress address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetName(SafeFileHandle socket, ref NetlinkAddress address, ref uint length);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    public static partial nint SendTo(SafeFileHandle socket, ReadOnlySpan<byte> message, nuint length, int flags, in NetlinkAddress address, uint addressLength);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    public static partial nint ReceiveFrom(SafeFileHandle socket, Span<byte> buffer, nuint length, int flags, ref NetlinkAddress address, ref uint addressLength);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(SafeFileHandle socket, int level, int name, void* value, int length);
}

/// <summary><c>struct sockaddr_nl</c> of linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAddress
{
    public const uint Size = 12;

    public ushort Family;
    public ushort Padding;

    /// <summary>The port id; 0 is the kernel.</summary>
    public uint PortId;

    /// <summary>The bits of the multicast groups 1 to 32.</summary>
    public uint Groups;
}
