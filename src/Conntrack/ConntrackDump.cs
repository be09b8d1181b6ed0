using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;

namespace KubeProxySharp.Conntrack;

/// <summary>
/// Enumerates the conntrack table as the kernel delivers it. No flow is stored, so the memory does not depend on the size of
/// the table. Flows that are added or removed meanwhile may be missing, and a flow may come twice. Must be disposed: that
/// skips what was not read, so that the table can be listed again.
/// </summary>
public sealed class ConntrackDump : IDisposable
{
    private readonly ConntrackTable _table;
    private readonly ConntrackFilter _filter;
    private ConntrackEntry _current;
    private bool _isRequested;
    private bool _isKernelFiltered = true;
    private bool _isFinished;

    internal ConntrackDump(ConntrackTable table, ConntrackFilter filter)
    {
        _table = table;
        _filter = filter;
    }

    /// <summary>The current flow, valid until the next <see cref="MoveNext"/>.</summary>
    public ref readonly ConntrackEntry Current => ref _current;

    /// <summary>
    /// Whether the kernel reported that flows may be missing, because the table changed or messages were lost. Known at the end
    /// of the enumeration.
    /// </summary>
    public bool IsInterrupted { get; private set; }

    /// <summary>Number of flows that the kernel delivered although the filter excludes them, because it cannot filter by everything.</summary>
    public long PassedOver { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public ConntrackDump GetEnumerator() => this;

    /// <summary>Advances to the next flow that the filter matches.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="NetlinkException">The kernel refused, or sent what cannot be read.</exception>
    public bool MoveNext()
    {
        while (!_isFinished)
        {
            if (!_isRequested)
            {
                SendRequest();
            }

            while (_table.Dumps.TryRead(out NetlinkMessage message))
            {
                if (message.Type == MessageType.New && TryReadEntry(message))
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
            // The kernel starts no other dump on this socket before this one has ended.
            if (_isRequested && !_isFinished && _table.Dumps.Finish() == Errno.TryAgain)
            {
                _table.ReopenDumpSocket();
            }
        }
        catch (NetlinkException)
        {
            // What is left in the queue cannot be read: a new socket has an empty queue.
            _table.ReopenDumpSocket();
        }
        finally
        {
            _isFinished = true;
            _table.EndDump(this);
        }
    }

    private void SendRequest()
    {
        MessageWriter request = _table.Dumps.Begin(MessageType.Get, NetlinkHeader.Dump, KeyWriter.Number(_filter.Family));
        if (_isKernelFiltered)
        {
            FilterWriter.Write(ref request, _filter);
        }

        _table.Dumps.Send(request);
        _isRequested = true;
    }

    private bool TryReadEntry(NetlinkMessage message)
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
            // The kernel knows the attributes, but does not support this filter: flows are compared here instead.
            _isKernelFiltered = false;
            _isRequested = false;
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
