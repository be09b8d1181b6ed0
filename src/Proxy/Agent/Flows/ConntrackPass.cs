using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Flows;

/// <summary>
/// Compares the flows of the node with the newest rules, and deletes those that the rules would not make. Each is looked at
/// again just before, with the rules as they are by then. One thread at a time may use it.
/// </summary>
/// <param name="open">Opens the conntrack table.</param>
/// <param name="pending">Where the rules come from.</param>
/// <param name="tcp">Decides about TCP connections; null when they are left alone.</param>
/// <param name="countsFlows">Whether the flows of Services are counted.</param>
/// <param name="time">Measures passes.</param>
internal sealed class ConntrackPass(Func<ConntrackTable> open, PendingRules pending, TcpGracePeriod? tcp, bool countsFlows, TimeProvider time) : IDisposable
{
    /// <summary>
    /// After so many deletions, which take about a millisecond, the thread sleeps for one, so that syncs, which start processes
    /// and wait for them, find a processor (bench/conntrack.sh: without it they take 5 to 10 ms longer).
    /// </summary>
    private const int DeletionsPerPause = 100;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    private readonly int[] _deletedByFamily = new int[2];
    private int _untilPause = DeletionsPerPause;
    private RuleModelSnapshot? _model;
    private bool _isHalfTaken;
    private bool _isUnfinished;
    private StaleFlows? _staleFlows;
    private ConntrackTable? _table;
    private FlowCleanUp? _cleanUp;

    /// <summary>Makes a pass.</summary>
    /// <param name="localAddresses">The addresses on the node's interfaces.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What it did; null as long as there are no rules.</returns>
    /// <exception cref="NetlinkException">The table cannot be listed, or nothing deleted.</exception>
    public FlowCleanUpResult? Run(IReadOnlyList<IpAddress> localAddresses, CancellationToken cancellation)
    {
        TakeOverRules();
        if (_staleFlows is null)
        {
            return null;
        }

        _table ??= open();
        _cleanUp ??= new(_table, _staleFlows, time);
        Array.Clear(_deletedByFamily);
        _staleFlows.SetLocalAddresses(localAddresses);
        tcp?.BeginPass();
        _isUnfinished = true;
        DeleteStale(_cleanUp, cancellation);
        FlowCleanUpResult result = _cleanUp.Latest;
        _isUnfinished = false;
        if (result.IsComplete)
        {
            tcp?.EndPass();
        }

        return result;
    }

    /// <summary>What the last pass did before it failed; null when it did not, or had not begun.</summary>
    public FlowCleanUpResult? Unfinished => _isUnfinished ? _cleanUp?.Latest : null;

    /// <summary>How full the table is; nothing before the first pass.</summary>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public TableSize ReadSize() => _table?.ReadSize() ?? default;

    /// <summary>Opens the table anew at the next pass. What is known of the rules, old frontends too, is kept.</summary>
    public void CloseTable()
    {
        _isUnfinished = false;
        _table?.Dispose();
        _table = null;
        _cleanUp = null;
    }

    /// <summary>The service ports with the most flows at the last pass; none unless they are counted.</summary>
    /// <param name="limit">The most to return.</param>
    public IReadOnlyList<ServiceFlowCount> Largest(int limit) => _staleFlows?.Largest(limit) ?? [];

    /// <summary>Number of flows of a family that the last pass deleted.</summary>
    public int DeletedOf(IpFamily family) => _deletedByFamily[(int)family];

    /// <inheritdoc/>
    public void Dispose() => CloseTable();

    private void DeleteStale(FlowCleanUp cleanUp, CancellationToken cancellation)
    {
        foreach (ConntrackEntry listed in cleanUp.Walk(cancellation))
        {
            if (--_untilPause <= 0)
            {
                _untilPause = DeletionsPerPause;
                cancellation.WaitHandle.WaitOne(s_pause);
            }

            TakeOverRules();
            FlowVerdict verdict = cleanUp.Recheck(listed, out ConntrackEntry current);
            if (!verdict.IsStale())
            {
                continue;
            }

            if (!MayDelete(current))
            {
                cleanUp.Postpone();
            }
            else if (cleanUp.Delete(current, verdict))
            {
                _deletedByFamily[(int)current.Family]++;
            }
        }
    }

    private bool MayDelete(in ConntrackEntry entry) => entry.Protocol != (byte)TransportProtocol.Tcp || tcp is null || tcp.IsOver(entry);

    /// <summary>What is deleted must be stale by the newest rules, which may change while a pass is under way.</summary>
    private void TakeOverRules()
    {
        if ((pending.IsNew || _isHalfTaken) && pending.Take(out IReadOnlyCollection<NamespacedName>? names) is { } model)
        {
            Use(model, names);
        }
    }

    private void Use(RuleModelSnapshot model, IReadOnlyCollection<NamespacedName>? names)
    {
        if (_isHalfTaken)
        {
            // The last time ended in the middle: from the beginning.
            _staleFlows = null;
            _cleanUp = null;
        }

        _isHalfTaken = true;
        if (_staleFlows is null || _model is null)
        {
            _staleFlows = new(model, includesTcp: tcp is not null, countsFlows);
        }
        else if (names is null)
        {
            _staleFlows.Update(model);
        }
        else
        {
            _staleFlows.Update(new RuleModelChange(Change(model, IpFamily.IPv4), Change(model, IpFamily.IPv6)), names);
        }

        _model = model;
        _isHalfTaken = false;

        FamilyChange Change(RuleModelSnapshot after, IpFamily family) => new(_model![family], after[family], []); // asked for above
    }
}
