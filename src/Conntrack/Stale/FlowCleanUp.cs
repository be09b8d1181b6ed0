using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>
/// Deletes the flows that the rules would not make any more. Its memory does not depend on the size of the table: flows are
/// judged as the kernel lists them, and stale ones are deleted in batches while the listing waits.
/// </summary>
/// <param name="table">The conntrack table.</param>
/// <param name="staleFlows">Decides which flows are stale.</param>
/// <param name="timeProvider">Measures the duration.</param>
public sealed class FlowCleanUp(ConntrackTable table, StaleFlows staleFlows, TimeProvider timeProvider)
{
    /// <summary>Stale flows that are collected before they are deleted.</summary>
    public const int BatchSize = 4096;

    /// <summary>How often an interrupted listing is done, as in kube-proxy (spec 8.2).</summary>
    public const int MaxAttempts = 5;

    private const int ExaminedPerCancellationCheck = 1024;

    private readonly ConntrackEntry[] _batch = new ConntrackEntry[BatchSize];
    private readonly FlowVerdict[] _verdicts = new FlowVerdict[BatchSize];

    /// <summary>The stale flows of this listing that are still there: if it has to be repeated, they are met again.</summary>
    private readonly FlowCounts _left = new();
    private int _batched;
    private bool _isLeft;

    /// <summary>What the last pass did, or the one under way so far; it stays when a pass ends with an exception.</summary>
    public FlowCleanUpResult Latest { get; private set; } = new();

    /// <summary>Makes one pass that deletes whatever is stale by the rules as they are.</summary>
    /// <param name="cancellationToken">Ends the pass.</param>
    /// <exception cref="NetlinkException">The table could not be listed, or deleting is not permitted.</exception>
    /// <exception cref="OperationCanceledException">What was deleted so far stays deleted.</exception>
    public FlowCleanUpResult Run(CancellationToken cancellationToken)
    {
        foreach (ConntrackEntry listed in Walk(cancellationToken))
        {
            FlowVerdict verdict = LookAgain(listed, out ConntrackEntry current);
            if (verdict.IsStale())
            {
                Delete(current, verdict);
            }
        }

        return Latest;
    }

    /// <summary>
    /// Makes one pass and yields each flow that was stale when it was listed. The caller may update the rules, and then calls
    /// <see cref="LookAgain"/> and <see cref="Delete"/> or <see cref="Spare"/> before it goes on. After a pass that saw all
    /// flows, could delete those that were stale, and had the same rules throughout, the frontends that went away are forgotten.
    /// </summary>
    /// <param name="cancellationToken">Ends the pass.</param>
    /// <returns>The flows as they were listed. Enumerated once; one pass at a time.</returns>
    /// <exception cref="NetlinkException">The table could not be listed.</exception>
    /// <exception cref="OperationCanceledException">What was deleted so far stays deleted.</exception>
    public IEnumerable<ConntrackEntry> Walk(CancellationToken cancellationToken)
    {
        long start = timeProvider.GetTimestamp();
        FlowCleanUpResult result = new();
        Latest = result;
        long updates = staleFlows.UpdateCount;
        foreach (ConntrackFilter filter in Filters())
        {
            _left.Clear();
            (long spared, long failed) = (result.Spared, result.Failed);
            bool isWhole = false;
            for (int attempt = 1; attempt <= MaxAttempts && !isWhole; attempt++)
            {
                // What is listed again counts once.
                result.Stale.Subtract(_left);
                _left.Clear();
                (result.Spared, result.Failed) = (spared, failed);
                staleFlows.BeginCount(filter.Family.GetValueOrDefault(), (TransportProtocol)filter.Protocol.GetValueOrDefault());
                using ConntrackDump dump = table.Dump(filter);
                bool isMore = true;
                while (isMore)
                {
                    isMore = FillBatch(dump, result, cancellationToken);
                    for (int index = 0; index < _batched; index++)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        _isLeft = true;
                        yield return _batch[index];
                        if (!_isLeft)
                        {
                            _left.Uncount(_verdicts[index], _batch[index].Protocol);
                        }
                    }
                }

                isWhole = !dump.IsInterrupted;
            }

            result.IsComplete &= isWhole;
        }

        if (result.IsComplete && result.Failed + result.Spared == 0 && staleFlows.UpdateCount == updates)
        {
            staleFlows.ForgetGone();
        }

        result.Duration = timeProvider.GetElapsedTime(start);
    }

    /// <summary>Reads the flow that <see cref="Walk"/> yielded last once more, and judges it by the rules as they are now.</summary>
    /// <param name="listed">The flow as it was listed.</param>
    /// <param name="current">The flow as it is now.</param>
    /// <returns>The verdict; not a stale one when the flow ended, when another took its place, or when it cannot be read.</returns>
    /// <exception cref="NetlinkException">Reading is not possible at all.</exception>
    public FlowVerdict LookAgain(in ConntrackEntry listed, out ConntrackEntry current)
    {
        current = default;
        try
        {
            bool isThere = table.TryGet(listed, out current) && current.Id == listed.Id;
            FlowVerdict verdict = isThere ? staleFlows.Decide(current) : FlowVerdict.Foreign;
            if (!verdict.IsStale())
            {
                CountGone();
            }

            return verdict;
        }
        catch (NetlinkException e) when (IsOfOneFlow(e))
        {
            CountFailure(e);
            return FlowVerdict.Foreign;
        }
    }

    /// <summary>Leaves the flow that <see cref="Walk"/> yielded last to a later pass.</summary>
    public void Spare() => Latest.Spared++;

    /// <summary>Deletes the flow that <see cref="Walk"/> yielded last.</summary>
    /// <param name="current">The flow as <see cref="LookAgain"/> read it.</param>
    /// <param name="verdict">What <see cref="LookAgain"/> returned.</param>
    /// <returns>Whether it was there and is gone now.</returns>
    /// <exception cref="NetlinkException">Deleting is not permitted.</exception>
    public bool Delete(in ConntrackEntry current, FlowVerdict verdict)
    {
        try
        {
            if (!table.Delete(current))
            {
                CountGone();
                return false;
            }

            _isLeft = false;
            Latest.Deleted.Count(verdict, current.Protocol);
            return true;
        }
        catch (NetlinkException e) when (IsOfOneFlow(e))
        {
            CountFailure(e);
            return false;
        }
    }

    /// <summary>One flow that cannot be deleted, such as one that hardware forwards, does not save the others.</summary>
    private static bool IsOfOneFlow(NetlinkException e) => e.Failure is NetlinkFailure.Refused or NetlinkFailure.MalformedMessage;

    // The kernel selects by protocol only within one family. What no Service has is not listed at all.
    private List<ConntrackFilter> Filters()
    {
        List<ConntrackFilter> filters = [];
        foreach (IpFamily family in (ReadOnlySpan<IpFamily>)[IpFamily.IPv4, IpFamily.IPv6])
        {
            foreach (TransportProtocol protocol in (ReadOnlySpan<TransportProtocol>)[TransportProtocol.Udp, TransportProtocol.Sctp, TransportProtocol.Tcp])
            {
                if (staleFlows.HasFrontends(family, protocol))
                {
                    filters.Add(new() { Family = family, Protocol = (byte)protocol });
                }
            }
        }

        return filters;
    }

    /// <summary>Collects stale flows, as many as a batch holds.</summary>
    /// <returns>Whether there may be more in the listing.</returns>
    private bool FillBatch(ConntrackDump dump, FlowCleanUpResult result, CancellationToken cancellationToken)
    {
        _batched = 0;
        while (dump.MoveNext())
        {
            if (++result.Examined % ExaminedPerCancellationCheck == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            ref readonly ConntrackEntry entry = ref dump.Current;
            FlowVerdict verdict = staleFlows.Decide(entry);
            if (verdict.IsStale())
            {
                result.Stale.Count(verdict, entry.Protocol);
                _left.Count(verdict, entry.Protocol);
                _verdicts[_batched] = verdict;
                _batch[_batched++] = entry;
                if (_batched == BatchSize)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void CountGone()
    {
        _isLeft = false;
        Latest.AlreadyGone++;
    }

    private void CountFailure(NetlinkException e)
    {
        Latest.Failed++;
        Latest.FirstFailure ??= e.Message;
    }
}

/// <summary>What a pass of <see cref="FlowCleanUp"/> did.</summary>
public sealed class FlowCleanUpResult
{
    /// <summary>Flows that were judged: those of the families and protocols that Services have.</summary>
    public long Examined { get; internal set; }

    /// <summary>Flows that were found stale, by reason and protocol.</summary>
    public FlowCounts Stale { get; } = new();

    /// <summary>Flows that were deleted, by reason and protocol.</summary>
    public FlowCounts Deleted { get; } = new();

    /// <summary>Stale flows that were gone, or replaced by others that are not stale, when they were to be deleted.</summary>
    public long AlreadyGone { get; internal set; }

    /// <summary>Stale flows that the caller left to a later pass.</summary>
    public long Spared { get; internal set; }

    /// <summary>Stale flows that the kernel refused to delete.</summary>
    public long Failed { get; internal set; }

    /// <summary>Why the kernel refused the first of them; null if there was none.</summary>
    public string? FirstFailure { get; internal set; }

    /// <summary>Whether every flow was seen; false when the kernel interrupted the listing as often as it was repeated.</summary>
    public bool IsComplete { get; internal set; } = true;

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; internal set; }
}
