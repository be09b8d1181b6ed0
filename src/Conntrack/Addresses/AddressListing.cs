using KubeProxySharp.Conntrack.Interop;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>Asks the kernel for the addresses of all interfaces (RTM_GETADDR).</summary>
internal static class AddressListing
{
    /// <summary>How often a listing is repeated that the kernel calls inconsistent, because interfaces came or went meanwhile.</summary>
    public const int MaxAttempts = 10;

    /// <summary>Reads all.</summary>
    /// <param name="open">Opens a socket to ask on.</param>
    /// <param name="buffer">Takes the answers; the kernel fills 32 kB at most.</param>
    /// <exception cref="ConntrackException">The kernel refused, its answer cannot be read, or every listing was interrupted.</exception>
    public static AddressTable Read(Func<NetlinkSocket> open, Span<byte> buffer)
    {
        // A socket for each: whatever an answer that went wrong left behind goes with it.
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            using NetlinkSocket socket = open();
            if (TryRead(socket, buffer) is { } table)
            {
                return table;
            }
        }

        throw new ConntrackException(ConntrackFailure.NoAnswer, $"listing the addresses of the interfaces: they changed during each of {MaxAttempts} listings; try again");
    }

    /// <summary>Reads once; null when the kernel says that the listing is not consistent, or had to drop part of it.</summary>
    private static AddressTable? TryRead(NetlinkSocket socket, Span<byte> buffer)
    {
        const uint Sequence = 1;
        Span<byte> request = stackalloc byte[AddressMessage.RequestLength];
        AddressMessage.WriteRequest(request, Sequence);
        socket.Send(request);
        AddressTable table = new();
        while (true)
        {
            int length = socket.Receive(buffer, out bool isLossy);
            if (isLossy || length > buffer.Length)
            {
                return null;
            }

            MessageReader message = new(buffer[..length]);
            while (message.Read())
            {
                if (message.Sequence != Sequence)
                {
                    continue;
                }

                if ((message.Flags & NetlinkHeader.DumpInterrupted) != 0 || message.Type == NetlinkHeader.Overrun)
                {
                    return null;
                }

                if (message.Type is not (NetlinkHeader.Done or NetlinkHeader.Error))
                {
                    table.Take(message);
                    continue;
                }

                int error = message.Type == NetlinkHeader.Error ? message.ToError() : message.ToDoneError();
                return error switch
                {
                    0 => table,
                    Errno.Interrupted => null,
                    _ => throw KernelError.ToException("listing the addresses of the interfaces", error),
                };
            }
        }
    }
}
