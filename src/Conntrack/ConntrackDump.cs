using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;

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
    private ConntrackEntry _current;
    private bool _isAsked;
    private bool _isKernelFiltered = true;
    private bool _isFinished;

    internal ConntrackDump(ConntrackTable table, ConntrackFilter filter)
    {
        _table = table;
        _filter = filter;
    }

    /// <summary>The flow that <see cref="MoveNext"/> came to; copy it to keep it.</summary>
    public ref readonly ConntrackEntry Current => ref _current;

    /// <summary>
    /// Whether the kernel reported that the table changed in a way that made the walk miss flows, or lost messages. It is known
    /// when the walk has come to its end.
    /// </summary>
    public bool IsInterrupted { get; private set; }

    /// <summary>Flows that the kernel delivered although the filter does not want them: what it cannot filter itself.</summary>
    public long PassedOver { get; private set; }

    /// <summary>Lets <c>foreach</c> walk.</summary>
    public ConntrackDump GetEnumerator() => this;

    /// <summary>Goes to the next flow that the filter wants.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="NetlinkException">The kernel refused, or sent what cannot be read.</exception>
    public bool MoveNext()
    {
        while (!_isFinished)
        {
            if (!_isAsked)
            {
                Ask();
            }

            while (_table.Dumps.TryRead(out NetlinkMessage message))
            {
                if (message.Type == MessageType.New && Take(message))
                {
                    return true;
                }
            }

            End(_table.Dumps.Error);
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            // The kernel starts no other dump on this socket before this one is through.
            if (_isAsked && !_isFinished && _table.Dumps.Finish() == Errno.TryAgain)
            {
                _table.ReopenDumpSocket();
            }
        }
        catch (NetlinkException)
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

    private void Ask()
    {
        MessageWriter request = _table.Dumps.Begin(MessageType.Get, NetlinkHeader.Dump, KeyWriter.Number(_filter.Family));
        if (_isKernelFiltered)
        {
            FilterWriter.Write(ref request, _filter);
        }

        _table.Dumps.Send(request);
        _isAsked = true;
    }

    private bool Take(NetlinkMessage message)
    {
        EntryParser.Parse(message, out _current);
        if (_filter.Matches(_current))
        {
            return true;
        }

        PassedOver++;
        return false;
    }

    private void End(int error)
    {
        IsInterrupted |= _table.Dumps.IsIncomplete || error == Errno.Interrupted;
        if (error is Errno.Invalid or Errno.NotSupported && _isKernelFiltered)
        {
            // A kernel that knows the attributes, but not what they ask for: the comparison is done here then.
            _isKernelFiltered = false;
            _isAsked = false;
            return;
        }

        _isFinished = true;
        if (error is not (0 or Errno.Interrupted))
        {
            throw error == Errno.Invalid
                ? KernelError.NotSupported("listing the conntrack table", error)
                : KernelError.ToException("listing the conntrack table", error);
        }
    }
}
