using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;

namespace KubeProxySharp.Conntrack;

/// <summary>
/// The conntrack table of the network namespace of the thread that opened it, through ctnetlink. It needs CAP_NET_ADMIN.
/// One thread at a time may use it. During a dump, flows can be looked up and deleted, but no other dump can be started.
/// </summary>
public sealed class ConntrackTable : IDisposable
{
    private const string SizeAttempt = "reading the size of the conntrack table";

    private readonly NetlinkConnection _requests;
    private ConntrackDump? _dump;

    /// <summary>Uses two sockets, which are closed with this.</summary>
    internal ConntrackTable(NetlinkSocket requests, NetlinkSocket dumps)
    {
        _requests = new(requests);
        Dumps = new(dumps);
    }

    /// <summary>The connection for listings.</summary>
    internal NetlinkConnection Dumps { get; private set; }

    /// <summary>Opens the table, and checks that it can be used by reading its size.</summary>
    /// <exception cref="NetlinkException">Not permitted, or not supported; the message contains the remedy.</exception>
    public static ConntrackTable Open()
    {
        ConntrackTable table = new(NetlinkSocket.Open(), NetlinkSocket.Open());
        try
        {
            table.ReadSize();
            return table;
        }
        catch (NetlinkException)
        {
            table.Dispose();
            throw;
        }
    }

    /// <summary>Starts to enumerate the flows that a filter matches. What the kernel cannot filter is filtered here.</summary>
    /// <exception cref="InvalidOperationException">The previous dump was not disposed.</exception>
    public ConntrackDump Dump(ConntrackFilter filter)
    {
        if (_dump is not null)
        {
            throw new InvalidOperationException("the conntrack table is already being listed; dispose of that dump first");
        }

        _dump = new(this, filter);
        return _dump;
    }

    /// <summary>Looks a flow up by original tuple and zone.</summary>
    /// <param name="key">A flow with the tuple and zone to look for; the rest does not matter.</param>
    /// <param name="entry">The flow as it is now.</param>
    /// <returns>Whether there is such a flow.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool TryGet(in ConntrackEntry key, out ConntrackEntry entry)
    {
        const string Attempt = "looking a flow up";
        MessageWriter request = _requests.Begin(MessageType.Get, 0, KeyWriter.Number(key.Family));
        KeyWriter.Write(ref request, key.Original, key.Zone, key.ZoneScope);
        Send(request, Attempt);
        if (_requests.TryRead(out NetlinkMessage answer))
        {
            EntryParser.Parse(answer, out entry);

            // The kernel also finds a flow by its reply tuple.
            return entry.Original == key.Original;
        }

        entry = default;
        return _requests.Error switch
        {
            Errno.NoEntry => false,
            int error => throw KernelError.ToException(IsAboutAll(error) ? Attempt : $"looking up the flow {key.Original}", error),
        };
    }

    /// <summary>Deletes a flow by original tuple, zone and, unless it is 0, id.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool Delete(in ConntrackEntry entry)
    {
        const string Attempt = "deleting a flow";
        MessageWriter request = _requests.Begin(MessageType.Delete, NetlinkHeader.Acknowledge, KeyWriter.Number(entry.Family));
        KeyWriter.Write(ref request, entry.Original, entry.Zone, entry.ZoneScope);
        if (entry.Id != 0)
        {
            request.Add(AttributeType.Id, entry.Id);
        }

        Send(request, Attempt);
        return _requests.Finish() switch
        {
            0 => true,
            Errno.NoEntry => false,
            int error => throw KernelError.ToException(IsAboutAll(error) ? Attempt : $"deleting the flow {entry.Original}", error),
        };
    }

    /// <summary>Reads the number of flows and the limit of the table.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public TableSize ReadSize()
    {
        Send(_requests.Begin(MessageType.GetStatistics), SizeAttempt);
        return _requests.TryRead(out NetlinkMessage answer) ? StatisticsParser.ParseSize(answer)
            : _requests.Error == Errno.Invalid ? throw KernelError.NotSupported(SizeAttempt, Errno.Invalid)
            : throw KernelError.ToException(SizeAttempt, _requests.Error);
    }

    /// <summary>Reads the kernel's counters, one item per processor.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public IReadOnlyList<CpuStatistics> ReadStatistics()
    {
        const string Attempt = "reading conntrack statistics";
        Send(_requests.Begin(MessageType.GetStatisticsPerCpu, NetlinkHeader.Dump), Attempt);
        List<CpuStatistics> statistics = [];
        while (_requests.TryRead(out NetlinkMessage answer))
        {
            statistics.Add(StatisticsParser.ParseCpu(answer));
        }

        return _requests.Error == 0 ? statistics : throw KernelError.ToException(Attempt, _requests.Error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        Dumps.Dispose();
    }

    internal void ReopenDumpSocket()
    {
        Dumps.Dispose();
        Dumps = new(NetlinkSocket.Open());
    }

    internal void EndDump(ConntrackDump dump)
    {
        if (ReferenceEquals(_dump, dump))
        {
            _dump = null;
        }
    }

    /// <summary>Whether an error concerns all flows, not only this one.</summary>
    private static bool IsAboutAll(int error) => error is Errno.NotPermitted or Errno.AccessDenied;

    private void Send(MessageWriter request, string attempt)
    {
        int error = _requests.Send(request);
        if (error != 0)
        {
            throw KernelError.ToException(attempt, error);
        }
    }
}
