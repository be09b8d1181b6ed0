using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Interop;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack;

/// <summary>
/// What happens in the conntrack table of the network namespace of the thread that opened it, from then on. With the
/// kernel's default <c>nf_conntrack_events=2</c> only flows made after the first listener came report events. One thread at
/// a time may read.
/// </summary>
public sealed class ConntrackEvents : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly NetlinkSocket _socket;
    private ConntrackEntry _current;
    private int _position;
    private int _end;

    private ConntrackEvents(NetlinkSocket socket) => _socket = socket;

    /// <summary>The flow of the event that <see cref="TryRead"/> came to; copy it to keep it.</summary>
    public ref readonly ConntrackEntry Current => ref _current;

    /// <summary>
    /// How often the kernel had to drop events because they were not read fast enough; whoever keeps a picture of the table
    /// has to list it again when this grows.
    /// </summary>
    public long Losses { get; private set; }

    /// <summary>Begins to listen.</summary>
    /// <param name="kinds">The kinds of events.</param>
    /// <param name="receiveBufferBytes">How much the kernel may keep until it is read; 0 leaves its default.</param>
    /// <exception cref="ConntrackException">Not permitted, or not supported.</exception>
    public static ConntrackEvents Open(ConntrackEventKinds kinds, int receiveBufferBytes = 0)
    {
        NetlinkSocket socket = NetlinkSocket.Open((uint)kinds);
        if (receiveBufferBytes > 0)
        {
            // A refusal costs events under load, which are counted then.
            socket.TryGrowReceiveBuffer(receiveBufferBytes);
        }

        return new(socket);
    }

    /// <summary>Reads the next event.</summary>
    /// <param name="patience">How long to wait for one.</param>
    /// <param name="kind">Its kind.</param>
    /// <returns>Whether there was one in time.</returns>
    /// <exception cref="ConntrackException">A message cannot be read, or receiving failed; reading can go on.</exception>
    public bool TryRead(TimeSpan patience, out ConntrackEventKinds kind)
    {
        bool hasWaited = false;
        while (true)
        {
            if (_position < _end && TryTake(out kind))
            {
                return true;
            }

            if (_position < _end || TryReceive())
            {
                continue;
            }

            if (hasWaited || !_socket.Wait(patience))
            {
                kind = ConntrackEventKinds.None;
                return false;
            }

            hasWaited = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool TryReceive()
    {
        int length = _socket.ReceiveWaiting(_buffer, out int error);
        if (length < 0)
        {
            if (error == Errno.NoBuffers)
            {
                Losses++;
                return true;
            }

            return error is Errno.TryAgain or Errno.Interrupted ? false : throw KernelError.ToException("receiving conntrack events", error);
        }

        if (length > _buffer.Length)
        {
            Losses++;
            return true;
        }

        (_position, _end) = (0, length);
        return true;
    }

    private bool TryTake(out ConntrackEventKinds kind)
    {
        MessageReader message = new(_buffer.AsSpan(_position, _end - _position));

        // If this datagram turns out to be unreadable, reading goes on with the next one.
        int end = _end;
        _end = 0;
        message.Read();
        int next = _position + NetlinkHeader.Align(NetlinkHeader.Length + message.Payload.Length);
        kind = message.Type switch
        {
            MessageType.New when (message.Flags & NetlinkHeader.Create) != 0 => ConntrackEventKinds.New,
            MessageType.New => ConntrackEventKinds.Update,
            MessageType.Delete => ConntrackEventKinds.Destroy,
            _ => ConntrackEventKinds.None,
        };
        if (kind != ConntrackEventKinds.None)
        {
            EntryParser.Parse(message.Payload, out _current);
        }

        (_position, _end) = (next, end);
        return kind != ConntrackEventKinds.None;
    }
}
