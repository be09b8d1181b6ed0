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
    private long _sparedBefore;
    private long _failedBefore;
    private int _batched;
    private IDeletionGuard? _guard;
    private bool _haveRulesChanged;

    /// <summary>What the last pass did, or the one under way so far; it stays when a pass ends with an exception.</summary>
    public FlowCleanUpResult Latest { get; private set; } = new();

    /// <summary>
    /// Makes one pass. After one that saw all flows and could delete those that were stale, the frontends that went away are
    /// forgotten.
    /// </summary>
    /// <param name="cancellationToken">Ends the pass.</param>
    /// <param name="guard">Is asked before each deletion; null to delete whatever is stale by the rules as they are now.</param>
    /// <exception cref="NetlinkException">The table could not be listed, or deleting is not permitted.</exception>
    /// <exception cref="OperationCanceledException">What was deleted so far stays deleted.</exception>
    public FlowCleanUpResult Run(CancellationToken cancellationToken, IDeletionGuard? guard = null)
    {
        _guard = guard;
        _haveRulesChanged = false;
        long start = timeProvider.GetTimestamp();
        FlowCleanUpResult result = new();
        Latest = result;
        foreach (ConntrackFilter filter in Filters())
        {
            result.IsComplete &= TryList(filter, result, cancellationToken);
        }

        if (result.IsComplete && result.Failed + result.Spared == 0 && !_haveRulesChanged)
        {
            staleFlows.ForgetGone();
        }

        result.Duration = timeProvider.GetElapsedTime(start);
        return result;
    }

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

    private bool TryList(ConntrackFilter filter, FlowCleanUpResult result, CancellationToken cancellationToken)
    {
        _left.Clear();
        (_sparedBefore, _failedBefore) = (result.Spared, result.Failed);
        for (int attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            // What is listed again counts once.
            result.Stale.Subtract(_left);
            _left.Clear();
            (result.Spared, result.Failed) = (_sparedBefore, _failedBefore);
            staleFlows.BeginCount(filter.Family.GetValueOrDefault(), (TransportProtocol)filter.Protocol.GetValueOrDefault());
            if (List(filter, result, cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private bool List(ConntrackFilter filter, FlowCleanUpResult result, CancellationToken cancellationToken)
    {
        _batched = 0;
        using ConntrackDump dump = table.Dump(filter);
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
            }

            if (_batched == BatchSize)
            {
                DeleteBatch(result, cancellationToken);
            }
        }

        DeleteBatch(result, cancellationToken);
        return !dump.IsInterrupted;
    }

    private void DeleteBatch(FlowCleanUpResult result, CancellationToken cancellationToken)
    {
        for (int index = 0; index < _batched; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Delete(_batch[index], result))
            {
                _left.Uncount(_verdicts[index], _batch[index].Protocol);
            }
        }

        _batched = 0;
    }

    /// <summary>Deletes a flow, if it is still stale and may go.</summary>
    /// <returns>Whether a stale flow is left.</returns>
    private bool Delete(in ConntrackEntry listed, FlowCleanUpResult result)
    {
        try
        {
            _haveRulesChanged |= _guard?.TakeOverRules() ?? false;
            bool isThere = table.TryGet(listed, out ConntrackEntry current) && current.Id == listed.Id;
            FlowVerdict verdict = isThere ? staleFlows.Decide(current) : FlowVerdict.Foreign;
            if (verdict.IsStale() && _guard?.MayDelete(current) == false)
            {
                result.Spared++;
                return true;
            }

            if (verdict.IsStale() && table.Delete(current))
            {
                result.Deleted.Count(verdict, current.Protocol);
                _guard?.Deleted(current);
            }
            else
            {
                result.AlreadyGone++;
            }

            return false;
        }
        catch (NetlinkException e) when (e.Failure is NetlinkFailure.Refused or NetlinkFailure.MalformedMessage)
        {
            // One flow that cannot be deleted, such as one that hardware forwards, does not save the others.
            result.Failed++;
            result.FirstFailure ??= e.Message;
            return true;
        }
    }
}
