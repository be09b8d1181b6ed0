using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// A netlink socket in the network namespace of the thread that opened it. Failures are returned as errno: the caller adds what
/// was attempted. Datagrams that do not come from the kernel are ignored.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    /// <summary>NETLINK_ROUTE of linux/netlink.h: interfaces and their addresses.</summary>
    public const int Route = 0;

    /// <summary>NETLINK_NETFILTER: conntrack, nftables, counters.</summary>
    public const int Netfilter = 12;

    /// <summary>How long to wait for an answer. The kernel answers at once, so after this time no answer will arrive.</summary>
    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(10);

    private readonly SafeFileHandle _handle;

    private NetlinkSocket(SafeFileHandle handle, int openError)
    {
        _handle = handle;
        OpenError = openError;
    }

    /// <summary>The errno with which opening failed, which all methods then return; 0 if the socket is open.</summary>
    public int OpenError { get; }

    /// <summary>The handle, to poll together with others.</summary>
    public SafeHandle Handle => _handle;

    /// <summary>
    /// The port id that the kernel chose, which messages about what was changed through this socket bear; 0 if it is not open.
    /// No other socket of the network namespace has it while this one is open.
    /// </summary>
    public int Port
    {
        get
        {
            NetlinkAddress own = default;
            uint size = NetlinkAddress.Size;
            return OpenError == 0 && NetlinkCalls.GetName(_handle, ref own, ref size) == 0 ? (int)own.PortId : 0;
        }
    }

    /// <summary>Opens a socket; <see cref="OpenError"/> has the result.</summary>
    /// <param name="protocol"><see cref="Route"/> or <see cref="Netfilter"/>.</param>
    /// <param name="groups">The bits of the multicast groups to join; bit 0 is group 1.</param>
    public static NetlinkSocket Open(int protocol = Netfilter, uint groups = 0)
    {
        SafeFileHandle handle = NetlinkCalls.Socket(NetlinkCalls.AddressFamilyNetlink, NetlinkCalls.SocketRaw | NetlinkCalls.SocketCloseOnExec, protocol);
        if (handle.IsInvalid)
        {
            return new(handle, Marshal.GetLastPInvokeError());
        }

        // The kernel chooses the port id; without one the socket is skipped when messages are delivered.
        NetlinkAddress own = new() { Family = NetlinkCalls.AddressFamilyNetlink, Groups = groups };
        return NetlinkCalls.Bind(handle, own, NetlinkAddress.Size) == 0 ? FromHandle(handle, s_receiveTimeout) : Failed(handle);
    }

    /// <summary>Uses an open socket, such as one whose other end is a fake kernel of a test.</summary>
    /// <param name="handle">The socket; it is closed with this.</param>
    /// <param name="timeout">How long to wait for an answer.</param>
    public static NetlinkSocket FromHandle(SafeFileHandle handle, TimeSpan timeout)
    {
        long* value = stackalloc long[2]; // struct timeval of a 64-bit kernel
        value[0] = (long)timeout.TotalSeconds;
        value[1] = 0;
        return NetlinkCalls.SetOption(handle, NetlinkCalls.LevelSocket, NetlinkCalls.ReceiveTimeout, value, 2 * sizeof(long)) == 0
            ? new(handle, 0)
            : Failed(handle);
    }

    /// <summary>
    /// Requests a larger receive buffer, so that fewer multicast datagrams are lost. Without CAP_NET_ADMIN in the initial user
    /// namespace it grows to <c>net.core.rmem_max</c> at most.
    /// </summary>
    public void GrowReceiveBuffer(int bytes) => Grow(NetlinkCalls.ReceiveBufferForce, NetlinkCalls.ReceiveBuffer, bytes);

    /// <summary>
    /// Requests a larger send buffer, which limits the length of one <see cref="Send"/>. Without CAP_NET_ADMIN in the initial
    /// user namespace it grows to <c>net.core.wmem_max</c> at most.
    /// </summary>
    public void GrowSendBuffer(int bytes) => Grow(NetlinkCalls.SendBufferForce, NetlinkCalls.SendBuffer, bytes);

    /// <summary>Requests errors with details and without a copy of the request: see <see cref="NetlinkError"/>.</summary>
    /// <returns>Whether the kernel supports that (since 4.12).</returns>
    public bool TryExplainErrors() =>
        SetOption(NetlinkCalls.LevelNetlink, NetlinkCalls.CappedAcknowledgements, 1) == 0
        && SetOption(NetlinkCalls.LevelNetlink, NetlinkCalls.ExtendedAcknowledgements, 1) == 0;

    /// <summary>Joins a multicast group.</summary>
    /// <returns>0 or errno.</returns>
    public int Join(int group) => ChangeMembership(NetlinkCalls.AddMembership, group);

    /// <summary>Leaves a multicast group; what was received stays readable.</summary>
    /// <returns>0 or errno.</returns>
    public int Leave(int group) => ChangeMembership(NetlinkCalls.DropMembership, group);

    /// <summary>Attaches a socket filter: from now on only datagrams that it accepts are received.</summary>
    /// <returns>0 or errno.</returns>
    public int Filter(ReadOnlySpan<FilterInstruction> code)
    {
        fixed (FilterInstruction* first = code)
        {
            FilterProgram program = new() { Length = (ushort)code.Length, Code = first };
            return NetlinkCalls.SetOption(_handle, NetlinkCalls.LevelSocket, NetlinkCalls.AttachFilter, &program, sizeof(FilterProgram)) == 0
                ? 0
                : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Sends messages to the kernel, which handles them before this returns.</summary>
    /// <returns>0, or the errno if they could not be sent.</returns>
    public int Send(ReadOnlySpan<byte> messages)
    {
        if (OpenError != 0)
        {
            return OpenError;
        }

        NetlinkAddress kernel = new() { Family = NetlinkCalls.AddressFamilyNetlink };
        while (NetlinkCalls.SendTo(_handle, messages, (nuint)messages.Length, 0, kernel, NetlinkAddress.Size) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Errno.Interrupted)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Receives the next datagram of the kernel; waits up to ten seconds for it.</summary>
    /// <param name="buffer">Receives the datagram.</param>
    /// <param name="error">The errno if there is none: <see cref="Errno.TryAgain"/> if none arrived in time.</param>
    /// <returns>Its length, longer than the buffer if it did not fit; or -1.</returns>
    public int Receive(Span<byte> buffer, out int error)
    {
        while (true)
        {
            int length = Receive(buffer, 0, out error);
            if (error != Errno.Interrupted)
            {
                return length;
            }
        }
    }

    /// <summary>Receives a datagram that has already arrived, without waiting.</summary>
    /// <param name="buffer">Receives the datagram.</param>
    /// <param name="error">The errno if there is none.</param>
    /// <returns>Its length, longer than the buffer if it did not fit; or -1.</returns>
    public int ReceiveWaiting(Span<byte> buffer, out int error) => Receive(buffer, NetlinkCalls.MessageDoNotWait, out error);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static NetlinkSocket Failed(SafeFileHandle handle)
    {
        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return new(new SafeFileHandle(), error);
    }

    private int Receive(Span<byte> buffer, int flags, out int error)
    {
        error = OpenError;
        while (error == 0)
        {
            NetlinkAddress sender = default;
            uint size = NetlinkAddress.Size;
            nint length = NetlinkCalls.ReceiveFrom(_handle, buffer, (nuint)buffer.Length, flags | NetlinkCalls.MessageTruncated, ref sender, ref size);
            if (length < 0)
            {
                error = Marshal.GetLastPInvokeError();
            }
            else if (sender.PortId == 0)
            {
                return (int)length;
            }
        }

        return -1;
    }

    private void Grow(int force, int plain, int bytes)
    {
        if (SetOption(NetlinkCalls.LevelSocket, force, bytes) != 0)
        {
            _ = SetOption(NetlinkCalls.LevelSocket, plain, bytes);
        }
    }

    private int ChangeMembership(int name, int group) =>
        OpenError != 0 ? OpenError
        : SetOption(NetlinkCalls.LevelNetlink, name, group) == 0 ? 0
        : Marshal.GetLastPInvokeError();

    private int SetOption(int level, int name, int value) =>
        OpenError == 0 ? NetlinkCalls.SetOption(_handle, level, name, &value, sizeof(int)) : -1;

    /// <summary>struct sock_fprog of linux/filter.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public FilterInstruction* Code;
    }
}

/// <summary>One instruction of a socket filter: struct sock_filter of linux/filter.h.</summary>
/// <param name="code">The opcode.</param>
/// <param name="ifTrue">Instructions to skip when a comparison holds.</param>
/// <param name="ifFalse">Instructions to skip when it does not.</param>
/// <param name="operand">The constant.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly struct FilterInstruction(ushort code, byte ifTrue, byte ifFalse, uint operand)
{
    /// <summary>The opcode.</summary>
    public ushort Code { get; } = code;

    /// <summary>Instructions to skip when a comparison holds.</summary>
    public byte IfTrue { get; } = ifTrue;

    /// <summary>Instructions to skip when it does not.</summary>
    public byte IfFalse { get; } = ifFalse;

    /// <summary>The constant.</summary>
    public uint Operand { get; } = operand;
}
