using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Drift.Interop;

/// <summary>A NETLINK_NETFILTER socket (linux/netlink.h, linux/netfilter/nfnetlink.h). It belongs to the network namespace of the thread that opened it.</summary>
internal static partial class NetfilterSocket
{
    /// <summary>ENOBUFS of asm-generic/errno.h: messages were lost.</summary>
    public const int NoBuffers = 105;

    /// <summary>EAGAIN of asm-generic/errno-base.h: nothing to read.</summary>
    public const int WouldBlock = 11;

    /// <summary>EINTR of asm-generic/errno-base.h.</summary>
    public const int Interrupted = 4;

    private const int AddressFamilyNetlink = 16; // AF_NETLINK
    private const int SocketRaw = 3; // SOCK_RAW
    private const int CloseOnExec = 0x80000; // SOCK_CLOEXEC
    private const int NetlinkNetfilter = 12; // NETLINK_NETFILTER
    private const int SolNetlink = 270; // SOL_NETLINK
    private const int AddMembership = 1; // NETLINK_ADD_MEMBERSHIP
    private const int NftablesGroup = 7; // NFNLGRP_NFTABLES
    private const int SolSocket = 1; // SOL_SOCKET
    private const int AttachFilter = 26; // SO_ATTACH_FILTER
    private const int ReceiveBuffer = 8; // SO_RCVBUF
    private const int ReceiveBufferForce = 33; // SO_RCVBUFFORCE
    private const int DontWait = 0x40; // MSG_DONTWAIT

    /// <summary>Opens a socket; invalid, with errno, if that failed.</summary>
    public static SafeFileHandle Open() => Socket(AddressFamilyNetlink, SocketRaw | CloseOnExec, NetlinkNetfilter);

    /// <summary>Makes the socket hear of changes of rules; 0 or errno.</summary>
    public static int JoinNftables(SafeFileHandle socket, int bufferSize)
    {
        // Beyond net.core.rmem_max this needs CAP_NET_ADMIN; without it the smaller buffer has to do.
        if (SetOption(socket, SolSocket, ReceiveBufferForce, bufferSize, sizeof(int)) != 0)
        {
            _ = SetOption(socket, SolSocket, ReceiveBuffer, bufferSize, sizeof(int));
        }

        // Without a port of its own, which the kernel chooses here, a socket is passed over when messages are handed out.
        ReadOnlySpan<byte> anyPort = [AddressFamilyNetlink, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]; // struct sockaddr_nl, little endian
        return Bind(socket, anyPort, anyPort.Length) == 0 && SetOption(socket, SolNetlink, AddMembership, NftablesGroup, sizeof(int)) == 0
            ? 0
            : Marshal.GetLastPInvokeError();
    }

    /// <summary>From now on only what a program lets through is heard; 0 or errno.</summary>
    public static unsafe int Filter(SafeFileHandle socket, ReadOnlySpan<FilterInstruction> code)
    {
        fixed (FilterInstruction* first = code)
        {
            Program program = new() { Length = (ushort)code.Length, Code = first };
            return SetFilter(socket, SolSocket, AttachFilter, program, sizeof(Program)) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Sends a request; 0 or errno.</summary>
    public static int Send(SafeFileHandle socket, ReadOnlySpan<byte> request) =>
        Send(socket, request, request.Length, 0) == request.Length ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Takes the next datagram without waiting; its length, or the negated errno.</summary>
    public static int Receive(SafeFileHandle socket, Span<byte> buffer)
    {
        nint length = Receive(socket, buffer, buffer.Length, DontWait);
        return length < 0 ? -Marshal.GetLastPInvokeError() : (int)length;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeFileHandle socket, int level, int name, in int value, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetFilter(SafeFileHandle socket, int level, int name, in Program value, int length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nint length, int flags);

    /// <summary>struct sock_fprog of linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Program
    {
        public ushort Length;
        public FilterInstruction* Code;
    }
}
