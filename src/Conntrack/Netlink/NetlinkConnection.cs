namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// Sends requests to the kernel and reads the answers: one request at a time; messages that belong to an earlier one are
/// skipped. An answer is one message, or, for a listing or with an acknowledgement, all messages up to its end. One thread at a
/// time may use it.
/// </summary>
public sealed class NetlinkConnection : IDisposable
{
    /// <summary>The kernel fills the reader's buffer up to 32 kB (netlink_recvmsg, since 4.4); this leaves a margin.</summary>
    public const int LongestDatagram = 64 * 1024;

    private const int RequestLength = 512;

    private readonly byte[] _buffer;
    private byte[] _request = new byte[RequestLength];
    private int _position;
    private int _end;
    private uint _sequence;
    private bool _hasMany;

    /// <summary>Uses a socket, which is closed with this.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bufferLength">The length of the longest expected datagram.</param>
    public NetlinkConnection(NetlinkSocket socket, int bufferLength = LongestDatagram)
    {
        Socket = socket;
        _buffer = new byte[bufferLength];
    }

    /// <summary>The socket that requests are sent on.</summary>
    public NetlinkSocket Socket { get; }

    /// <summary>Whether the answer has been read to its end.</summary>
    public bool IsFinished { get; private set; } = true;

    /// <summary>The errno that the answer ended with, or that sending or receiving failed with; 0 on success.</summary>
    public int Error { get; private set; }

    /// <summary>Whether the kernel reported that messages of the answer were lost, or that the listed objects changed meanwhile.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>Begins a netfilter request; <see cref="Send"/> sends it.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags besides NLM_F_REQUEST.</param>
    /// <param name="family">The family.</param>
    /// <param name="resource">The resource id.</param>
    public MessageWriter Begin(ushort type, ushort flags = 0, byte family = NetlinkHeader.FamilyUnspecified, ushort resource = 0)
    {
        MessageWriter request = new(ref _request);
        request.Begin(type, flags, Expect(flags), family, resource);
        return request;
    }

    /// <summary>Begins a request of another netlink family; <see cref="Send"/> sends it.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags besides NLM_F_REQUEST.</param>
    /// <param name="headerLength">The length of the family's header before the attributes, in bytes; it is filled with zeros.</param>
    public MessageWriter BeginPlain(ushort type, ushort flags, int headerLength)
    {
        MessageWriter request = new(ref _request);
        request.Begin(type, flags, Expect(flags), headerLength);
        return request;
    }

    /// <summary>Ends the last message of a request and sends it; <see cref="TryRead"/> then reads the answer.</summary>
    /// <returns>0, or the errno if it could not be sent.</returns>
    public int Send(MessageWriter request)
    {
        request.End();
        Error = Socket.Send(request.Written);
        IsFinished = Error != 0;
        return Error;
    }

    /// <summary>Reads the next message of the answer, which is valid until the next call.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Whether there was one; if not, <see cref="Error"/> has the result of the answer.</returns>
    /// <exception cref="NetlinkException">The answer cannot be read.</exception>
    public bool TryRead(out NetlinkMessage message)
    {
        while (!IsFinished)
        {
            if (_position >= _end)
            {
                Receive();
                continue;
            }

            MessageReader reader = new(_buffer.AsSpan(_position, _end - _position));
            _position = _end; // the rest of a datagram that cannot be read is skipped
            reader.TryRead(out message);
            _position = _end - reader.Left;
            if (message.Sequence == _sequence && IsContent(message))
            {
                IsFinished = !_hasMany;
                return true;
            }
        }

        message = default;
        return false;
    }

    /// <summary>Skips the rest of the answer: the kernel starts no other listing on a socket before the current one has ended.</summary>
    /// <returns>The result: 0 or errno.</returns>
    /// <exception cref="NetlinkException">The answer cannot be read.</exception>
    public int Finish()
    {
        while (TryRead(out _))
        {
        }

        return Error;
    }

    /// <inheritdoc/>
    public void Dispose() => Socket.Dispose();

    private uint Expect(ushort flags)
    {
        _hasMany = (flags & NetlinkHeader.Dump) == NetlinkHeader.Dump || (flags & NetlinkHeader.Acknowledge) != 0;
        IsIncomplete = false;
        return ++_sequence;
    }

    /// <summary>Whether a message is a part of the answer's content, not its end, an error or a loss.</summary>
    private bool IsContent(NetlinkMessage message)
    {
        IsIncomplete |= (message.Flags & NetlinkHeader.DumpInterrupted) != 0;
        switch (message.Type)
        {
            case NetlinkHeader.Done:
                Error = message.ToDoneError();
                break;
            case NetlinkHeader.Error:
                Error = message.ToError();
                break;
            case NetlinkHeader.Overrun:
                IsIncomplete = true;
                return false;
            default:
                return true;
        }

        IsFinished = true;
        return false;
    }

    private void Receive()
    {
        int length = Socket.Receive(_buffer, out int error);
        if (length > _buffer.Length)
        {
            throw AttributeReader.Malformed("a datagram is longer than the kernel makes them");
        }

        (_position, _end) = (0, Math.Max(0, length));
        if (error == Errno.NoBuffers)
        {
            IsIncomplete = true;
        }
        else if (error != 0)
        {
            (Error, IsFinished) = (error, true);
        }
    }
}
