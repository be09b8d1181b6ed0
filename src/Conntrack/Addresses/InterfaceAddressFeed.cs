using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>
/// The addresses on the interfaces of the network namespace of the thread that opened it: listed once, and kept up to date
/// by what the kernel reports. Loopback, link-local and tentative addresses are among them. One thread at a time may use it.
/// </summary>
public sealed class InterfaceAddressFeed : IInterfaceAddressFeed
{
    /// <summary>Room for the events of some thousand addresses; what does not fit leads to a new listing.</summary>
    private const int ReceiveBuffer = 1 << 20;

    private const string Attempt = "hearing of addresses of the interfaces";

    private readonly byte[] _buffer = new byte[NetlinkConnection.LongestDatagram];
    private readonly NetlinkSocket _events;
    private readonly Func<NetlinkSocket> _open;
    private AddressTable? _table;

    /// <summary>Uses a socket that hears events, closed with this, and asks on others.</summary>
    internal InterfaceAddressFeed(NetlinkSocket events, Func<NetlinkSocket> open)
    {
        _events = events;
        _open = open;
    }

    /// <inheritdoc/>
    public SafeHandle Handle => _events.Handle;

    /// <summary>The number of listings so far: one, and one more for each time events were lost.</summary>
    public long Listings { get; private set; }

    /// <summary>Begins to listen; nothing is read yet.</summary>
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

        // Events from before a listing may be taken over after it: the last event about an address is never older than what
        // the listing says of it, so that the end is right whatever comes twice.
        if (table is null || !TryTakeEvents(table))
        {
            table = List();
        }

        _table = table;
        return table.ToArray();
    }

    /// <inheritdoc/>
    public void Distrust() => _table = null;

    /// <inheritdoc/>
    public void Dispose() => _events.Dispose();

    private static NetlinkSocket OpenSocket() => NetlinkSocket.Open(NetlinkSocket.Route);

    private AddressTable List()
    {
        Listings++;
        DiscardEvents();
        return AddressListing.Read(_open);
    }

    /// <summary>Where events were lost, those that are left may tell of addresses that are gone since.</summary>
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

    /// <summary>Takes over what waits.</summary>
    /// <returns>Whether that is all that happened; not so when the kernel dropped events, or sent what cannot be read.</returns>
    private bool TryTakeEvents(AddressTable table)
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
                    table.Take(message);
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
    /// <summary>Can be read when there is something for <see cref="Update"/> to take over.</summary>
    SafeHandle Handle { get; }

    /// <summary>Takes over what was reported since the last time, without waiting, or lists anew where that is not enough.</summary>
    /// <returns>Each address once, ordered.</returns>
    /// <exception cref="NetlinkException">Receiving or listing failed; the next call lists anew.</exception>
    IReadOnlyList<IpAddress> Update();

    /// <summary>Makes the next <see cref="Update"/> list anew.</summary>
    void Distrust();
}
