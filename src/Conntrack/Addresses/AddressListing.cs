using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>Lists the addresses of all interfaces (RTM_GETADDR).</summary>
internal static class AddressListing
{
    /// <summary>The number of attempts: a listing that the kernel reports as inconsistent, because addresses changed meanwhile, is repeated.</summary>
    public const int MaxAttempts = 10;

    /// <summary>Reads all addresses.</summary>
    /// <param name="open">Opens a socket for the request.</param>
    /// <exception cref="NetlinkException">The kernel refused, its answer cannot be read, or every listing was interrupted.</exception>
    public static AddressTable Read(Func<NetlinkSocket> open)
    {
        // Each attempt has its own socket: the remains of a broken answer are discarded with it.
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

    /// <summary>Reads once; null when the kernel reports the listing as inconsistent, or had to drop a part of it.</summary>
    private static AddressTable? TryRead(NetlinkConnection kernel)
    {
        kernel.Send(kernel.BeginPlain(AddressMessage.Get, NetlinkHeader.Dump, AddressMessage.HeaderLength));
        AddressTable table = new();
        while (kernel.TryRead(out NetlinkMessage message))
        {
            table.Apply(message);
        }

        return kernel switch
        {
            { IsIncomplete: true } or { Error: Errno.Interrupted } => null,
            { Error: 0 } => table,
            _ => throw KernelError.ToException("listing the addresses of the interfaces", kernel.Error),
        };
    }
}
