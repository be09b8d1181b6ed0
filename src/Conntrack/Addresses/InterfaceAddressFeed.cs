using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>
/// The addresses on the interfaces of the network namespace of the thread that opened it: listed once, and kept up to date
/// by what the kernel reports. Includes loopback, link-local and tentative addresses. One thread at a time may use it.
/// </summary>
public sealed class InterfaceAddressFeed : IInterfaceAddressFeed
{
    /// <summary>Holds the events of some thousand addresses; an overflow leads to a new listing.</summary>
    private const int ReceiveBuffer = 1 << 20;

    private const string Attempt = "receiving changes of the addresses of the interfaces";

    private readonly byte[] _buffer = new byte[NetlinkConnection.LongestDatagram];
    private readonly NetlinkSocket _events;
    private readonly Func<NetlinkSocket> _open;
    private AddressTable? _table;

    /// <summary>Receives events on a socket, which is closed with this, and lists on sockets that <paramref name="open"/> opens.</summary>
    internal InterfaceAddressFeed(NetlinkSocket events, Func<NetlinkSocket> open)
    {
        _events = events;
        _open = open;
    }

    /// <inheritdoc/>
    public SafeHandle Handle => _events.Handle;

    /// <summary>The number of listings so far: one at first, one for each loss of events, and one for each <see cref="Invalidate"/>.</summary>
    public long Listings { get; private set; }

    /// <summary>Subscribes to changes; nothing is listed yet.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public static InterfaceAddressFeed Open()
    {
        NetlinkSocket events = NetlinkSocket.Open(NetlinkSocket.Route, AddressMessage.Groups);
        if (events.OpenError != 0)
        {
            throw KernelError.ToException("opening a netlink socket", events.OpenError);
        }

        events.GrowReceiveBuffer(ReceiveBuffer);
        return new(events, OpenSocket);
    }

    /// <summary>Reads the addresses once, without listening to changes.</summary>
    /// <exception cref="NetlinkException">They cannot be read.</exception>
    public static IReadOnlyList<IpAddress> ReadOnce() => AddressListing.Read(OpenSocket).ToArray();

    /// <inheritdoc/>
    public IReadOnlyList<IpAddress> Update()
    {
        AddressTable? table = _table;
        _table = null;

        // Events from before a listing may be applied after it: the last event about an address is never older than its state
        // in the listing, so the result is correct even if an event is applied twice.
        if (table is null || !TryApplyEvents(table))
        {
            table = List();
        }

        _table = table;
        return table.ToArray();
    }

    /// <inheritdoc/>
    public void Invalidate() => _table = null;

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();

    private static NetlinkSocket OpenSocket() => NetlinkSocket.Open(NetlinkSocket.Route);

    private AddressTable List()
    {
        Listings++;
        DiscardEvents();
        return AddressListing.Read(_open);
    }

    /// <summary>After a loss of events the remaining ones may report addresses that have been removed since.</summary>
    private void DiscardEvents()
    {
        while (true)
        {
            if (_events.ReceiveWaiting(_buffer, out int error) >= 0 || error is Errno.NoBuffers or Errno.Interrupted)
            {
                continue;
            }

            if (error == Errno.TryAgain)
            {
                return;
            }

            throw KernelError.ToException(Attempt, error);
        }
    }

    /// <summary>Applies all pending events.</summary>
    /// <returns>False when events were lost or cannot be read.</returns>
    private bool TryApplyEvents(AddressTable table)
    {
        while (true)
        {
            int length = _events.ReceiveWaiting(_buffer, out int error);
            if (length < 0)
            {
                return error switch
                {
                    Errno.TryAgain => true,
                    Errno.Interrupted or Errno.NoBuffers => false,
                    _ => throw KernelError.ToException(Attempt, error),
                };
            }

            if (length > _buffer.Length)
            {
                return false;
            }

            try
            {
                MessageReader messages = new(_buffer.AsSpan(0, length));
                while (messages.TryRead(out NetlinkMessage message))
                {
                    table.Apply(message);
                }
            }
            catch (NetlinkException e) when (e.Failure == NetlinkFailure.MalformedMessage)
            {
                return false;
            }
        }
    }
}

/// <summary>The addresses on the interfaces of the node, kept up to date.</summary>
public interface IInterfaceAddressFeed : IDisposable
{
    /// <summary>Becomes readable when there are events for <see cref="Update"/>.</summary>
    SafeHandle Handle { get; }

    /// <summary>Applies the events since the last call, without waiting; lists all addresses again after a loss of events.</summary>
    /// <returns>Each address once, ordered.</returns>
    /// <exception cref="NetlinkException">Receiving or listing failed; the next call lists again.</exception>
    IReadOnlyList<IpAddress> Update();

    /// <summary>Makes the next <see cref="Update"/> list all addresses again.</summary>
    void Invalidate();
}
