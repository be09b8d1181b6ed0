using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Interop;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack;

/// <summary>
/// A walk over the conntrack table as the kernel delivers it: nothing of it is kept, so its memory does not depend on the
/// size of the table. Flows that come and go meanwhile may be missing, and a flow may come twice. Dispose it in any case;
/// what was not read is then passed over, so that the table can be asked again.
/// </summary>
public sealed class ConntrackDump : IDisposable
{
    private readonly ConntrackTable _table;
    private readonly ConntrackFilter _filter;
    private readonly byte[] _buffer;
    private ConntrackEntry _current;
    private int _position;
    private int _end;
    private uint _sequence;
    private bool _isAsked;
    private bool _isKernelFiltered;
    private bool _isFinished;

    internal ConntrackDump(ConntrackTable table, ConntrackFilter filter, byte[] buffer)
    {
        _table = table;
        _filter = filter;
        _buffer = buffer;
        _isKernelFiltered = true;
    }

    /// <summary>The flow that <see cref="MoveNext"/> came to; copy it to keep it.</summary>
    public ref readonly ConntrackEntry Current => ref _current;

    /// <summary>Whether the kernel reported that the table changed in a way that made the walk miss flows, or lost messages.</summary>
    public bool IsInterrupted { get; private set; }

    /// <summary>Flows that the kernel delivered although the filter does not want them: what it cannot filter itself.</summary>
    public long PassedOver { get; private set; }

    /// <summary>Lets <c>foreach</c> walk.</summary>
    public ConntrackDump GetEnumerator() => this;

    /// <summary>Goes to the next flow that the filter wants.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ConntrackException">The kernel refused, or sent what cannot be read.</exception>
    public bool MoveNext()
    {
        while (!_isFinished)
        {
            if (_position >= _end)
            {
                Receive();
                continue;
            }

            MessageReader message = new(_buffer.AsSpan(_position, _end - _position));
            message.Read();
            _position += NetlinkHeader.Align(NetlinkHeader.Length + message.Payload.Length);
            if (message.Sequence == _sequence && TakeFlow(message))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            // The kernel starts no other dump on this socket before this one is through.
            while (_isAsked && !_isFinished)
            {
                if (_position < _end)
                {
                    MessageReader message = new(_buffer.AsSpan(_position, _end - _position));
                    message.Read();
                    _position += NetlinkHeader.Align(NetlinkHeader.Length + message.Payload.Length);
                    _isFinished = message.Sequence == _sequence && message.Type is NetlinkHeader.Done or NetlinkHeader.Error;
                }
                else
                {
                    Receive();
                }
            }
        }
        catch (ConntrackException)
        {
            // Whatever else is in the queue cannot be read: a new socket has an empty one.
            _table.ReopenDumpSocket();
        }
        finally
        {
            _isFinished = true;
            _table.EndDump(this);
        }
    }

    private bool TakeFlow(MessageReader message)
    {
        IsInterrupted |= (message.Flags & NetlinkHeader.DumpInterrupted) != 0;
        switch (message.Type)
        {
            case MessageType.New:
                EntryParser.Parse(message.Payload, out _current);
                if (_filter.Matches(_current))
                {
                    return true;
                }

                PassedOver++;
                return false;
            case NetlinkHeader.Done:
                Finish(message.ToDoneError());
                return false;
            case NetlinkHeader.Error:
                Finish(message.ToError());
                return false;
            case NetlinkHeader.Overrun:
                IsInterrupted = true;
                return false;
            default:
                return false;
        }
    }

    private void Finish(int error)
    {
        if (error is Errno.Invalid or Errno.NotSupported && _isKernelFiltered)
        {
            // A kernel that knows the attributes, but not what they ask for: the comparison is done here then.
            _isKernelFiltered = false;
            _isAsked = false;
            return;
        }

        _isFinished = true;
        switch (error)
        {
            case 0:
                return;
            case Errno.Interrupted:
                IsInterrupted = true;
                return;
            case Errno.Invalid:
                throw KernelError.NotSupported("listing the conntrack table", error);
            default:
                throw KernelError.ToException("listing the conntrack table", error);
        }
    }

    private void Receive()
    {
        if (!_isAsked)
        {
            _sequence = _table.SendDumpRequest(_filter, _isKernelFiltered);
            _isAsked = true;
        }

        int length = _table.DumpSocket.Receive(_buffer, out bool isLossy);
        IsInterrupted |= isLossy;
        if (length > _buffer.Length)
        {
            throw AttributeReader.Malformed("a datagram is longer than the kernel makes them");
        }

        (_position, _end) = (0, length);
    }
}
