using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>
/// Deletes the flows that the present rules would not create. Its memory does not depend on the size of the table: flows are
/// checked as the kernel lists them, and stale ones are deleted in batches while the listing is paused.
/// </summary>
/// <param name="table">The conntrack table.</param>
/// <param name="staleFlows">Decides which flows are stale.</param>
/// <param name="timeProvider">Measures the duration.</param>
public sealed class FlowCleanUp(ConntrackTable table, StaleFlows staleFlows, TimeProvider timeProvider)
{
    /// <summary>Number of stale flows that are collected before they are deleted.</summary>
    public const int BatchSize = 4096;

    /// <summary>The number of attempts of a listing that is interrupted, as in kube-proxy (spec 8.2).</summary>
    public const int MaxAttempts = 5;

    private const int ExaminedPerCancellationCheck = 1024;

    private readonly ConntrackEntry[] _batch = new ConntrackEntry[BatchSize];
    private readonly FlowVerdict[] _verdicts = new FlowVerdict[BatchSize];

    /// <summary>The stale flows of this listing that still exist: a repeated listing has them again.</summary>
    private readonly FlowCounts _left = new();
    private int _batched;
    private bool _isLeft;

    /// <summary>The result of the last pass, or of the current one so far; it is kept when a pass ends with an exception.</summary>
    public FlowCleanUpResult Latest { get; private set; } = new();

    /// <summary>Makes one pass that deletes all flows that are stale by the present rules.</summary>
    /// <param name="cancellationToken">Cancels the pass.</param>
    /// <exception cref="NetlinkException">The table could not be listed, or deleting is not permitted.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; flows deleted so far stay deleted.</exception>
    public FlowCleanUpResult Run(CancellationToken cancellationToken)
    {
        foreach (ConntrackEntry listed in Walk(cancellationToken))
        {
            FlowVerdict verdict = Recheck(listed, out ConntrackEntry current);
            if (verdict.IsStale())
            {
                Delete(current, verdict);
            }
        }

        return Latest;
    }

    /// <summary>
    /// Makes one pass and yields each flow that was stale when it was listed. The caller may update the rules, and then calls
    /// <see cref="Recheck"/> and <see cref="Delete"/> or <see cref="Postpone"/> before it continues. After a pass that saw all
    /// flows, could delete those that were stale, and had the same rules throughout, the removed frontends are forgotten.
    /// </summary>
    /// <param name="cancellationToken">Cancels the pass.</param>
    /// <returns>The flows as they were listed. Enumerated once; one pass at a time.</returns>
    /// <exception cref="NetlinkException">The table could not be listed.</exception>
    /// <exception cref="OperationCanceledException">The pass was cancelled; flows deleted so far stay deleted.</exception>
    public IEnumerable<ConntrackEntry> Walk(CancellationToken cancellationToken)
    {
        long start = timeProvider.GetTimestamp();
        FlowCleanUpResult result = new();
        Latest = result;
        long updates = staleFlows.UpdateCount;
        foreach (ConntrackFilter filter in Filters())
        {
            _left.Clear();
            (long postponed, long failed) = (result.Postponed, result.Failed);
            bool isWhole = false;
            for (int attempt = 1; attempt <= MaxAttempts && !isWhole; attempt++)
            {
                // A flow that is listed again is counted once.
                result.Stale.Subtract(_left);
                _left.Clear();
                (result.Postponed, result.Failed) = (postponed, failed);
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

        if (result.IsComplete && result.Failed + result.Postponed == 0 && staleFlows.UpdateCount == updates)
        {
            staleFlows.ForgetGone();
        }

        result.Duration = timeProvider.GetElapsedTime(start);
    }

    /// <summary>Reads the flow that <see cref="Walk"/> yielded last again, and checks it against the present rules.</summary>
    /// <param name="listed">The flow as it was listed.</param>
    /// <param name="current">The flow as it is now.</param>
    /// <returns>The verdict; not stale when the flow has ended, was replaced by another, or cannot be read.</returns>
    /// <exception cref="NetlinkException">No flow can be read.</exception>
    public FlowVerdict Recheck(in ConntrackEntry listed, out ConntrackEntry current)
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
    public void Postpone() => Latest.Postponed++;

    /// <summary>Deletes the flow that <see cref="Walk"/> yielded last.</summary>
    /// <param name="current">The flow as <see cref="Recheck"/> read it.</param>
    /// <param name="verdict">What <see cref="Recheck"/> returned.</param>
    /// <returns>Whether it existed and was deleted.</returns>
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

    /// <summary>Whether a failure concerns one flow, such as one that hardware forwards: the others are deleted nevertheless.</summary>
    private static bool IsOfOneFlow(NetlinkException e) => e.Failure is NetlinkFailure.Refused or NetlinkFailure.MalformedMessage;

    // The kernel selects by protocol only within one family. Protocols that no Service uses are not listed.
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

    /// <summary>Collects up to <see cref="BatchSize"/> stale flows.</summary>
    /// <returns>Whether the listing may contain more.</returns>
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

/// <summary>The result of a pass of <see cref="FlowCleanUp"/>.</summary>
public sealed class FlowCleanUpResult
{
    /// <summary>Flows that were checked: those of the families and protocols that Services have.</summary>
    public long Examined { get; internal set; }

    /// <summary>Flows that were found stale, by reason and protocol.</summary>
    public FlowCounts Stale { get; } = new();

    /// <summary>Flows that were deleted, by reason and protocol.</summary>
    public FlowCounts Deleted { get; } = new();

    /// <summary>Stale flows that no longer existed, or had been replaced by others that are not stale, before they could be deleted.</summary>
    public long AlreadyGone { get; internal set; }

    /// <summary>Stale flows that the caller left to a later pass.</summary>
    public long Postponed { get; internal set; }

    /// <summary>Stale flows that the kernel refused to delete.</summary>
    public long Failed { get; internal set; }

    /// <summary>The reason of the first refusal; null if there was none.</summary>
    public string? FirstFailure { get; internal set; }

    /// <summary>Whether every flow was seen; false when the kernel interrupted the listing as often as it was repeated.</summary>
    public bool IsComplete { get; internal set; } = true;

    /// <summary>The duration of the pass.</summary>
    public TimeSpan Duration { get; internal set; }
}
