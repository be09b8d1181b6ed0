using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Interop;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack;

/// <summary>
/// The conntrack table of the network namespace of the thread that opened it, through ctnetlink. It needs CAP_NET_ADMIN.
/// One thread at a time may use it. While a dump is under way, flows can be looked up and deleted, but no other dump begun.
/// </summary>
public sealed class ConntrackTable : IDisposable
{
    /// <summary>The kernel fills what the reader offers, up to 32 kB (netlink_recvmsg, since 4.4); others have some to spare.</summary>
    private const int BufferLength = 64 * 1024;

    private readonly byte[] _dumpBuffer = new byte[BufferLength];
    private readonly byte[] _answer = new byte[BufferLength];
    private readonly NetlinkSocket _requests;
    private ConntrackDump? _dump;
    private uint _sequence;

    /// <summary>Uses two sockets, which are closed with it.</summary>
    internal ConntrackTable(NetlinkSocket requests, NetlinkSocket dumps)
    {
        _requests = requests;
        DumpSocket = dumps;
    }

    internal NetlinkSocket DumpSocket { get; private set; }

    /// <summary>Opens the table, and asks the kernel for its size to see that it can be used.</summary>
    /// <exception cref="ConntrackException">Not permitted, or not supported; the text says what to do.</exception>
    public static ConntrackTable Open()
    {
        NetlinkSocket requests = NetlinkSocket.Open();
        ConntrackTable table;
        try
        {
            table = new(requests, NetlinkSocket.Open());
        }
        catch (ConntrackException)
        {
            requests.Dispose();
            throw;
        }

        try
        {
            table.ReadSize();
            return table;
        }
        catch (ConntrackException)
        {
            table.Dispose();
            throw;
        }
    }

    /// <summary>Begins a walk over the flows that a filter wants. What the kernel cannot filter is filtered here.</summary>
    /// <exception cref="InvalidOperationException">The dump before was not disposed of.</exception>
    public ConntrackDump Dump(ConntrackFilter filter)
    {
        if (_dump is not null)
        {
            throw new InvalidOperationException("the conntrack table is already being listed; dispose of that dump first");
        }

        _dump = new(this, filter, _dumpBuffer);
        return _dump;
    }

    /// <summary>Looks a flow up by original tuple and zone.</summary>
    /// <param name="key">A flow with the tuple and zone to look for; the rest does not matter.</param>
    /// <param name="entry">The flow as it is now.</param>
    /// <returns>Whether there is such a flow.</returns>
    /// <exception cref="ConntrackException">The kernel refused.</exception>
    public bool TryGet(in ConntrackEntry key, out ConntrackEntry entry)
    {
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.Get, 0, key.Family, ++_sequence);
        request.AddKey(key.Original, key.Zone, key.ZoneScope);
        entry = default;
        MessageReader answer = Ask(request.Finish(), "looking a flow up");
        if (answer.Type != NetlinkHeader.Error)
        {
            EntryParser.Parse(answer.Payload, out entry);

            // The kernel also finds a flow by its reply tuple.
            return entry.Original == key.Original;
        }

        return answer.ToError() is Errno.NoEntry ? false : throw KernelError.ToException($"looking up the flow {key.Original}", answer.ToError());
    }

    /// <summary>Deletes a flow by original tuple, zone and, unless it is 0, id.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="ConntrackException">The kernel refused.</exception>
    public bool Delete(in ConntrackEntry entry)
    {
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.Delete, NetlinkHeader.Acknowledge, entry.Family, ++_sequence);
        request.AddKey(entry.Original, entry.Zone, entry.ZoneScope);
        if (entry.Id != 0)
        {
            request.Add(AttributeType.Id, entry.Id);
        }

        MessageReader answer = Ask(request.Finish(), "deleting a flow");
        return answer.ToError() switch
        {
            0 => true,
            Errno.NoEntry => false,
            int error => throw KernelError.ToException($"deleting the flow {entry.Original}", error),
        };
    }

    /// <summary>How full the table is.</summary>
    /// <exception cref="ConntrackException">The kernel refused.</exception>
    public TableSize ReadSize()
    {
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.GetStatistics, 0, null, ++_sequence);
        MessageReader answer = Ask(request.Finish(), "reading the size of the conntrack table");
        if (answer.Type == NetlinkHeader.Error)
        {
            int error = answer.ToError();
            throw error == Errno.Invalid
                ? KernelError.NotSupported("reading the size of the conntrack table", error)
                : KernelError.ToException("reading the size of the conntrack table", error);
        }

        return StatisticsParser.ParseSize(answer.Payload);
    }

    /// <summary>The kernel's counters, one item per processor.</summary>
    /// <exception cref="ConntrackException">The kernel refused.</exception>
    public IReadOnlyList<CpuStatistics> ReadStatistics()
    {
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.GetStatisticsPerCpu, NetlinkHeader.Dump, null, ++_sequence);
        _requests.Send(request.Finish());
        List<CpuStatistics> statistics = [];
        while (true)
        {
            MessageReader messages = ReceiveAnswer();
            while (messages.Read())
            {
                if (messages.Sequence != _sequence)
                {
                    continue;
                }

                if (messages.Type is NetlinkHeader.Done or NetlinkHeader.Error)
                {
                    int error = messages.Type == NetlinkHeader.Error ? messages.ToError() : messages.ToDoneError();
                    return error == 0 ? statistics : throw KernelError.ToException("reading conntrack statistics", error);
                }

                statistics.Add(StatisticsParser.ParseCpu(messages.Payload));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        DumpSocket.Dispose();
    }

    internal uint SendDumpRequest(ConntrackFilter filter, bool isKernelFiltered)
    {
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.Get, NetlinkHeader.Dump, filter.Family, ++_sequence);
        if (isKernelFiltered)
        {
            FilterWriter.Write(ref request, filter);
        }

        DumpSocket.Send(request.Finish());
        return _sequence;
    }

    internal void ReopenDumpSocket()
    {
        DumpSocket.Dispose();
        DumpSocket = NetlinkSocket.Open();
    }

    internal void EndDump(ConntrackDump dump)
    {
        if (ReferenceEquals(_dump, dump))
        {
            _dump = null;
        }
    }

    private MessageReader Ask(ReadOnlySpan<byte> request, string attempt)
    {
        uint sequence = BinaryPrimitives.ReadUInt32LittleEndian(request[8..]);
        _requests.Send(request);
        while (true)
        {
            MessageReader messages = ReceiveAnswer();
            while (messages.Read())
            {
                if (messages.Sequence != sequence)
                {
                    continue;
                }

                // An answer that never came looks the same as one from before; errors that concern everything are told apart here.
                return messages.Type != NetlinkHeader.Error || messages.ToError() is not (Errno.NotPermitted or Errno.AccessDenied)
                    ? messages
                    : throw KernelError.ToException(attempt, messages.ToError());
            }
        }
    }

    private MessageReader ReceiveAnswer()
    {
        int length = _requests.Receive(_answer, out _);
        return length <= _answer.Length
            ? new(_answer.AsSpan(0, length))
            : throw AttributeReader.Malformed("a datagram is longer than the kernel makes them");
    }
}
