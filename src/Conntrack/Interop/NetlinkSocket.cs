using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Conntrack.Interop;

/// <summary>
/// A netlink socket in the network namespace of the thread that opened it. Datagrams that do not come from
/// the kernel are passed over.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    /// <summary>The kernel answers at once; a wait this long means that it never will.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SafeFileHandle _handle;

    private NetlinkSocket(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens a socket.</summary>
    /// <param name="groups">The bits of the multicast groups to listen to.</param>
    /// <param name="protocol">Which part of the kernel to talk to: that of netfilter unless told otherwise.</param>
    /// <exception cref="ConntrackException">Not permitted, or not supported.</exception>
    public static NetlinkSocket Open(uint groups = 0, int protocol = Libc.NetlinkNetfilter)
    {
        SafeFileHandle handle = Libc.Socket(Libc.AddressFamilyNetlink, Libc.SocketRaw | Libc.SocketCloseOnExec, protocol);
        if (handle.IsInvalid)
        {
            throw KernelError.ToException("opening a netlink socket", Marshal.GetLastPInvokeError());
        }

        NetlinkAddress own = new() { Family = Libc.AddressFamilyNetlink, Groups = groups };
        if (Libc.Bind(handle, own, NetlinkAddress.Size) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw KernelError.ToException("binding a netlink socket", error);
        }

        return Over(handle, s_patience);
    }

    /// <summary>What to wait on for something to receive, together with other things.</summary>
    public SafeHandle Handle => _handle;

    /// <summary>Takes over a socket that is open, such as one at whose other end a test stands in for the kernel.</summary>
    /// <param name="handle">The socket; it is closed with this.</param>
    /// <param name="patience">How long an answer may take.</param>
    public static NetlinkSocket Over(SafeFileHandle handle, TimeSpan patience)
    {
        Span<byte> timeout = stackalloc byte[16]; // struct timeval of a 64-bit kernel
        BinaryPrimitives.WriteInt64LittleEndian(timeout, (long)patience.TotalSeconds);
        if (Libc.SetOption(handle, Libc.LevelSocket, Libc.ReceiveTimeout, timeout, 16) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw KernelError.ToException("preparing a netlink socket", error);
        }

        return new(handle);
    }

    /// <summary>Asks for a larger receive buffer; without CAP_NET_ADMIN in the first user namespace it stays as it is.</summary>
    /// <returns>Whether the kernel agreed.</returns>
    public bool TryGrowReceiveBuffer(int bytes)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(value, bytes);
        return Libc.SetOption(_handle, Libc.LevelSocket, Libc.ReceiveBufferForce, value, sizeof(int)) == 0;
    }

    /// <summary>Sends a request to the kernel.</summary>
    /// <exception cref="ConntrackException">The kernel did not take it.</exception>
    public void Send(ReadOnlySpan<byte> message)
    {
        NetlinkAddress kernel = new() { Family = Libc.AddressFamilyNetlink };
        while (Libc.SendTo(_handle, message, (nuint)message.Length, 0, kernel, NetlinkAddress.Size) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Errno.Interrupted)
            {
                throw KernelError.ToException("sending a netlink request", error);
            }
        }
    }

    /// <summary>Receives the next datagram of the kernel.</summary>
    /// <param name="buffer">Takes it.</param>
    /// <param name="isLossy">Whether the kernel dropped datagrams before this one (ENOBUFS).</param>
    /// <returns>Its length; longer than the buffer if it did not fit.</returns>
    /// <exception cref="ConntrackException">Nothing came within ten seconds, or receiving failed.</exception>
    public int Receive(Span<byte> buffer, out bool isLossy)
    {
        isLossy = false;
        while (true)
        {
            int length = TryReceive(buffer, 0, out int error);
            if (length >= 0)
            {
                return length;
            }

            if (error == Errno.TryAgain)
            {
                throw new ConntrackException(ConntrackFailure.NoAnswer, "the kernel did not answer a netlink request within ten seconds; try again, and look at the kernel log");
            }

            if (error == Errno.NoBuffers)
            {
                isLossy = true;
            }
            else if (error != Errno.Interrupted)
            {
                throw KernelError.ToException("receiving from a netlink socket", error);
            }
        }
    }

    /// <summary>Receives a datagram if there is one.</summary>
    /// <returns>Its length, or -1 when nothing is there or an error (ENOBUFS among them) is.</returns>
    public int ReceiveWaiting(Span<byte> buffer, out int error) => TryReceive(buffer, Libc.MessageDoNotWait, out error);

    /// <summary>Waits until something can be received.</summary>
    /// <returns>Whether something can.</returns>
    public bool Wait(TimeSpan patience)
    {
        PollDescriptor descriptor = new() { Events = Libc.PollIn };
        bool isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            descriptor.FileDescriptor = (int)_handle.DangerousGetHandle();

            // A signal ends the wait early; the caller asks again anyway.
            return Libc.Poll(ref descriptor, 1, (int)Math.Clamp(patience.TotalMilliseconds, 0, int.MaxValue)) > 0;
        }
        finally
        {
            if (isHeld)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private int TryReceive(Span<byte> buffer, int flags, out int error)
    {
        while (true)
        {
            NetlinkAddress sender = default;
            uint size = NetlinkAddress.Size;
            nint length = Libc.ReceiveFrom(_handle, buffer, (nuint)buffer.Length, flags | Libc.MessageTruncated, ref sender, ref size);
            if (length < 0)
            {
                error = Marshal.GetLastPInvokeError();
                return -1;
            }

            if (sender.PortId == 0)
            {
                error = 0;
                return (int)length;
            }
        }
    }
}
