using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink.Interop;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// A netlink socket in the network namespace of the thread that opened it. What goes wrong is told as errno, for whoever
/// knows what was tried. Datagrams that do not come from the kernel are passed over.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    /// <summary>NETLINK_ROUTE of linux/netlink.h: interfaces and their addresses.</summary>
    public const int Route = 0;

    /// <summary>NETLINK_NETFILTER: conntrack, nftables, counters.</summary>
    public const int Netfilter = 12;

    /// <summary>The kernel answers at once; a wait this long means that it never will.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SafeFileHandle _handle;

    private NetlinkSocket(SafeFileHandle handle, int openError)
    {
        _handle = handle;
        OpenError = openError;
    }

    /// <summary>The errno that kept the socket from being opened, which is then the answer to everything; 0 if it is open.</summary>
    public int OpenError { get; }

    /// <summary>What to wait on for something to receive, together with other things.</summary>
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

    /// <summary>Opens a socket; <see cref="OpenError"/> tells whether that succeeded.</summary>
    /// <param name="protocol">Which part of the kernel to talk to.</param>
    /// <param name="groups">The bits of the multicast groups to listen to, the first of them 1.</param>
    public static NetlinkSocket Open(int protocol = Netfilter, uint groups = 0)
    {
        SafeFileHandle handle = NetlinkCalls.Socket(NetlinkCalls.AddressFamilyNetlink, NetlinkCalls.SocketRaw | NetlinkCalls.SocketCloseOnExec, protocol);
        if (handle.IsInvalid)
        {
            return new(handle, Marshal.GetLastPInvokeError());
        }

        // The kernel chooses the port; a socket that has none is passed over when messages are handed out.
        NetlinkAddress own = new() { Family = NetlinkCalls.AddressFamilyNetlink, Groups = groups };
        return NetlinkCalls.Bind(handle, own, NetlinkAddress.Size) == 0 ? Over(handle, s_patience) : Failed(handle);
    }

    /// <summary>Takes over a socket that is open, such as one at whose other end a test stands in for the kernel.</summary>
    /// <param name="handle">The socket; it is closed with this.</param>
    /// <param name="patience">How long an answer may take.</param>
    public static NetlinkSocket Over(SafeFileHandle handle, TimeSpan patience)
    {
        long* timeout = stackalloc long[2]; // struct timeval of a 64-bit kernel
        timeout[0] = (long)patience.TotalSeconds;
        timeout[1] = 0;
        return NetlinkCalls.SetOption(handle, NetlinkCalls.LevelSocket, NetlinkCalls.ReceiveTimeout, timeout, 2 * sizeof(long)) == 0
            ? new(handle, 0)
            : Failed(handle);
    }

    /// <summary>
    /// Asks for a larger receive buffer, which makes losses of datagrams that nobody asked for rarer. Without CAP_NET_ADMIN
    /// in the first user namespace it grows to <c>net.core.rmem_max</c> at most.
    /// </summary>
    public void GrowReceiveBuffer(int bytes) => Grow(NetlinkCalls.ReceiveBufferForce, NetlinkCalls.ReceiveBuffer, bytes);

    /// <summary>
    /// Asks for a larger send buffer, which limits what one call of <see cref="Send"/> takes. Without CAP_NET_ADMIN in the
    /// first user namespace it grows to <c>net.core.wmem_max</c> at most.
    /// </summary>
    public void GrowSendBuffer(int bytes) => Grow(NetlinkCalls.SendBufferForce, NetlinkCalls.SendBuffer, bytes);

    /// <summary>Asks for refusals that explain themselves, and do not repeat the request: see <see cref="NetlinkError"/>.</summary>
    /// <returns>Whether the kernel does so (since 4.12).</returns>
    public bool TryExplainErrors() =>
        SetOption(NetlinkCalls.LevelNetlink, NetlinkCalls.CappedAcknowledgements, 1) == 0
        && SetOption(NetlinkCalls.LevelNetlink, NetlinkCalls.ExtendedAcknowledgements, 1) == 0;

    /// <summary>From now on only what a program lets through is received.</summary>
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
    /// <returns>0, or the errno if it did not take them.</returns>
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
    /// <param name="buffer">Takes it.</param>
    /// <param name="error">Why there is none: <see cref="Errno.TryAgain"/> if it did not come in time.</param>
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

    /// <summary>Receives a datagram if there is one.</summary>
    /// <param name="buffer">Takes it.</param>
    /// <param name="error">Why there is none.</param>
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
