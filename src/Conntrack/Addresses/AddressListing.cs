using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>Asks the kernel for the addresses of all interfaces (RTM_GETADDR).</summary>
internal static class AddressListing
{
    /// <summary>How often a listing is repeated that the kernel calls inconsistent, because interfaces came or went meanwhile.</summary>
    public const int MaxAttempts = 10;

    /// <summary>Reads all.</summary>
    /// <param name="open">Opens a socket to ask on.</param>
    /// <exception cref="NetlinkException">The kernel refused, its answer cannot be read, or every listing was interrupted.</exception>
    public static AddressTable Read(Func<NetlinkSocket> open)
    {
        // A socket for each: whatever an answer that went wrong left behind goes with it.
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            using NetlinkConnection kernel = new(open());
            if (TryRead(kernel) is { } table)
            {
                return table;
            }
        }

        throw new NetlinkException(NetlinkFailure.NoAnswer, $"listing the addresses of the interfaces: they changed during each of {MaxAttempts} listings; try again");
    }

    /// <summary>Reads once; null when the kernel says that the listing is not consistent, or had to drop part of it.</summary>
    private static AddressTable? TryRead(NetlinkConnection kernel)
    {
        kernel.Send(kernel.BeginPlain(AddressMessage.Get, NetlinkHeader.Dump, AddressMessage.HeaderLength));
        AddressTable table = new();
        while (kernel.TryRead(out NetlinkMessage message))
        {
            table.Take(message);
        }

        return kernel switch
        {
            { IsIncomplete: true } or { Error: Errno.Interrupted } => null,
            { Error: 0 } => table,
            _ => throw KernelError.ToException("listing the addresses of the interfaces", kernel.Error),
        };
    }
}
