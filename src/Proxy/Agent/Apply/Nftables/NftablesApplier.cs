using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Brings the rules of one family into the kernel. A full transaction replaces everything in the table
/// but the affinity sets that go on being used, so that clients keep their endpoints over restarts, hourly full syncs and
/// a take-over from kube-proxy, whose sets have the same names.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="writer">Writes the table.</param>
/// <param name="network">Where the table is.</param>
/// <param name="options">What <see cref="NftablesProbe"/> found.</param>
/// <param name="time">Decides when stale chains may be deleted.</param>
/// <param name="log">Where warnings go.</param>
internal sealed class NftablesApplier(IpFamily family, INftablesWriter writer, INetworkNamespace network, NftablesOptions options, TimeProvider time, ILogger log) : IRuleApplier
{
    private readonly StaleChainMemory _stale = new(time);

    /// <summary>Whether there may be chains that are no longer remembered: only a full transaction finds them.</summary>
    private bool _needsFull;

    /// <summary>What was written last; null when that is not known.</summary>
    private volatile FamilyRules? _written;

    /// <summary>Reads the counters of connections; null if the rules do not count any.</summary>
    public NftablesConnectionCounters? Counters { get; } = options.HasServiceCounters ? new(family, network) : null;

    /// <inheritdoc/>
    public IpFamily Family => family;

    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <inheritdoc/>
    public bool HasCheapUpdates => true;

    /// <summary>No: the kernel prepares the whole transaction.</summary>
    public bool TriesOnlyForm => false;

    /// <inheritdoc/>
    public bool CanUpdate(FamilyChange change) => !_needsFull && NftablesRenderer.CanUpdate(change);

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        _written = null;
        Figures = null;
        if (Counters?.NoteEarlierCounts() is { } unknown)
        {
            log.EarlierCountsUnknown(family, unknown);
        }

        Counters?.Rules.Begin(rules);
        ApplyResult result = await WriteFullAsync(rules, cancellation);
        if (Counters is { } counters)
        {
            CountedRules.Snapshot before = counters.Rules.Now;
            await EndCountingAsync(counters, result, rules, () => StaleCounters.Find(network, rules, [before.Rules, before.Stale]), cancellation);
        }

        return Note(result, rules);
    }

    private async Task<ApplyResult> WriteFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(network, family, cancellation);
        if (IsThere(content))
        {
            ApplyResult result = await ReplaceAsync(rules, content!, cancellation); // IsThere says no for null
            if (result.Outcome == ApplyOutcome.Refused && await ReadAgainAsync(content!, cancellation) is { } changed)
            {
                // Somebody else wrote to the table between our two steps.
                result = await ReplaceAsync(rules, changed, cancellation);
            }

            if (result.Outcome != ApplyOutcome.Refused)
            {
                return result;
            }

            error = result.Error;
        }

        ApplyResult anew = await writer.WriteFullAsync(rules, cancellation);
        Figures = writer.Figures;
        if (anew.IsApplied)
        {
            _stale.Clear();
            _needsFull = false;
            if (error.Length != 0)
            {
                log.AffinityLost(family, error);
            }
        }

        return anew;
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        FamilyRules? before = _written;
        _written = null;
        Figures = null;
        IReadOnlyList<string> reused = _stale.Forget(NftablesRenderer.WrittenChains(change));
        if (!change.IsEmpty)
        {
            Counters?.Rules.Begin(change.After);
            ApplyResult result = await writer.WriteUpdateAsync(change, cancellation);
            Figures = writer.Figures;
            if (Counters is { } counters)
            {
                FamilyRules? left = counters.Rules.Now.Stale;
                await EndCountingAsync(counters, result, change.After, () => StaleCounters.Find(network, change, left), cancellation);
            }

            if (result.Outcome == ApplyOutcome.Refused)
            {
                // Nothing of it was done, so these chains go on waiting.
                _stale.Add(reused);
                _written = before;
                return result;
            }

            if (!result.IsApplied)
            {
                _needsFull = true;
                return result;
            }
        }

        await DeleteStaleAsync(cancellation);
        _stale.Add(NftablesRenderer.StaleChains(change));
        return Note(ApplyResult.Applied, change.After);
    }

    /// <summary>
    /// Whether the table has as many rules and elements as the last apply left. Rules that were replaced by as many others
    /// are not found; of those the kernel sends messages.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public Task<bool> IsIntactAsync(CancellationToken cancellation) =>
        _written is { } rules ? Task.Run(() => TableSizes.AreThoseOf(rules, options, network), cancellation) : Task.FromResult(true);

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation) => writer.TryAsync(rules, cancellation);

    /// <inheritdoc/>
    public TimeSpan? UntilCleanUp => _stale.UntilDue;

    /// <inheritdoc/>
    public Task CleanUpAsync(CancellationToken cancellation) => DeleteStaleAsync(cancellation);

    /// <inheritdoc/>
    public async Task<bool> HasRulesAsync(CancellationToken cancellation)
    {
        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(network, family, cancellation);
        return IsThere(content) || error.Length != 0;
    }

    private static bool IsThere(NftTableContent? content) =>
        content is not null && !(content.BaseChains.IsEmpty && content.RegularChains.IsEmpty && content.Sets.IsEmpty && content.Maps.IsEmpty);

    private async Task<NftTableContent?> ReadAgainAsync(NftTableContent before, CancellationToken cancellation)
    {
        (NftTableContent? content, _) = await NftContentReader.ReadAsync(network, family, cancellation);
        return IsThere(content) && content != before ? content : null;
    }

    private async Task<ApplyResult> ReplaceAsync(FamilyRules rules, NftTableContent content, CancellationToken cancellation)
    {
        ApplyResult result = await writer.WriteReplacementAsync(rules, content, () => NftContentReader.ConfirmAsync(network, family, content, cancellation), cancellation);
        Figures = writer.Figures;
        if (result.IsApplied)
        {
            _needsFull = false;
            IReadOnlyList<string> unneeded = NftablesRenderer.UnneededChains(rules, content, options);
            _stale.KeepOnly(unneeded);
            await DeleteStaleAsync(cancellation);
            _stale.Add(unneeded);
        }

        return result;
    }

    /// <summary>After the rules themselves, so that no change waits for it.</summary>
    private async Task DeleteStaleAsync(CancellationToken cancellation)
    {
        IReadOnlyList<string> due = _stale.TakeDue();
        if (due.Count == 0)
        {
            return;
        }

        ApplyResult result = await writer.DeleteChainsAsync(due, cancellation);
        if (result.IsApplied)
        {
            _stale.Deleted();
            log.StaleChainsDeleted(family, due.Count);
            return;
        }

        _stale.Stayed(due);
        _needsFull = true;
        Figures = (Figures ?? new(0, TimeSpan.Zero, TimeSpan.Zero)) with { HasCleanUpFailed = true };
        log.StaleChainsStay(family, due.Count, result.Error);
    }

    /// <summary>Has counters follow what was written; those of frontends that are gone are removed.</summary>
    private async Task EndCountingAsync(
        NftablesConnectionCounters counters, ApplyResult result, FamilyRules rules, Func<(List<CountedElement> Elements, string? Error)> findStale, CancellationToken cancellation)
    {
        if (result.Outcome == ApplyOutcome.Refused)
        {
            counters.Rules.Refused();
        }

        if (!result.IsApplied)
        {
            return;
        }

        (List<CountedElement> stale, string? error) = findStale();
        if (stale.Count != 0 && await writer.RemoveCountersAsync(stale, cancellation) is { IsApplied: false } failed)
        {
            error = failed.Error;
        }

        if (error is not null)
        {
            log.StaleCountersStay(family, stale.Count, error);
        }

        counters.Rules.Written(rules, isClean: error is null);
    }

    private ApplyResult Note(ApplyResult result, FamilyRules rules)
    {
        _written = result.IsApplied ? rules : null;
        return result;
    }
}
