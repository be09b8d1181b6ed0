using System.Buffers;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// Brings the rules of one family into the kernel with <c>nft -f -</c>. A full transaction replaces everything in the table
/// but the affinity sets that go on being used, so that clients keep their endpoints over restarts, hourly full syncs and
/// a take-over from kube-proxy, whose sets have the same names.
/// </summary>
/// <param name="family">The family.</param>
/// <param name="runner">Runs nft.</param>
/// <param name="options">What <see cref="NftablesProbe"/> found.</param>
/// <param name="time">Tells when stale chains may be deleted.</param>
/// <param name="log">Where warnings go.</param>
internal sealed class NftablesApplier(IpFamily family, ProcessRunner runner, NftablesOptions options, TimeProvider time, ILogger log) : IRuleApplier
{
    private readonly StaleChainMemory _stale = new(time);

    /// <summary>Whether chains may be there that nobody knows of any more: only a full transaction finds them.</summary>
    private bool _needsFull;

    /// <summary>What was written last; null when that is not known.</summary>
    private volatile FamilyRules? _written;

    /// <inheritdoc/>
    public IpFamily Family => family;

    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <inheritdoc/>
    public bool HasCheapUpdates => true;

    /// <summary>No: <c>nft --check</c> has the kernel prepare the whole transaction.</summary>
    public bool TriesOnlyForm => false;

    /// <inheritdoc/>
    public bool CanUpdate(FamilyChange change) => !_needsFull && NftablesRenderer.CanUpdate(change);

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        _written = null;
        ApplyResult result = await ApplyWholeAsync(rules, cancellation);
        _written = result.IsApplied ? rules : null;
        return result;
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        FamilyRules? before = _written;
        _written = null;
        ApplyResult result = await ApplyChangeAsync(change, cancellation);
        _written = result.Outcome switch
        {
            ApplyOutcome.Applied => change.After,
            ApplyOutcome.Refused => before, // nothing of it was done
            _ => null,
        };
        return result;
    }

    /// <summary>
    /// Whether the table has as many rules and elements as the last apply left. Rules that were replaced by as many others
    /// are not found; of those the kernel tells who did it, and to what.
    /// </summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public Task<bool> IsIntactAsync(CancellationToken cancellation) =>
        _written is { } rules ? Task.Run(() => TableSizes.Of(rules, options).AreThose(runner.Network, rules), cancellation) : Task.FromResult(true);

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation) =>
        Transaction.RunAsync(runner, Call("--check", "-f", "-"), output => NftablesRenderer.WriteFull(rules, options, output), cancellation);

    /// <inheritdoc/>
    public TimeSpan? UntilCleanUp => _stale.UntilDue;

    /// <inheritdoc/>
    public Task CleanUpAsync(CancellationToken cancellation) => DeleteStaleAsync(cancellation);

    private async Task<ApplyResult> ApplyWholeAsync(FamilyRules rules, CancellationToken cancellation)
    {
        Figures = null;
        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(runner, family, cancellation);
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

        ApplyResult anew = await ApplyAsync(output => NftablesRenderer.WriteFull(rules, options, output), cancellation);
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

    private async Task<ApplyResult> ApplyChangeAsync(FamilyChange change, CancellationToken cancellation)
    {
        Figures = null;
        IReadOnlyList<string> reused = _stale.Forget(NftablesRenderer.WrittenChains(change));
        if (!change.IsEmpty)
        {
            ApplyResult result = await ApplyAsync(output => NftablesRenderer.WriteUpdate(change, options, output), cancellation);
            if (result.Outcome == ApplyOutcome.Refused)
            {
                // Nothing of it was done, so these chains go on waiting.
                _stale.Add(reused);
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
        return ApplyResult.Applied;
    }

    /// <inheritdoc/>
    public async Task<bool> HasRulesAsync(CancellationToken cancellation)
    {
        (NftTableContent? content, string error) = await NftContentReader.ReadAsync(runner, family, cancellation);
        return IsThere(content) || error.Length != 0;
    }

    private static bool IsThere(NftTableContent? content) =>
        content is not null && !(content.BaseChains.IsEmpty && content.RegularChains.IsEmpty && content.Sets.IsEmpty && content.Maps.IsEmpty);

    private async Task<NftTableContent?> ReadAgainAsync(NftTableContent before, CancellationToken cancellation)
    {
        (NftTableContent? content, _) = await NftContentReader.ReadAsync(runner, family, cancellation);
        return IsThere(content) && content != before ? content : null;
    }

    private async Task<ApplyResult> ReplaceAsync(FamilyRules rules, NftTableContent content, CancellationToken cancellation)
    {
        ApplyResult result = await ApplyAsync(output => NftablesRenderer.WriteReplacement(rules, content, options, output), cancellation);
        if (result.IsApplied)
        {
            _needsFull = false;
            IReadOnlyList<string> unneeded = NftablesRenderer.UnneededChains(rules, content);
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

        ApplyResult result = await Transaction.RunAsync(runner, Call("-f", "-"), output => NftablesRenderer.WriteCleanUp(family, due, output), cancellation);
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

    private async Task<ApplyResult> ApplyAsync(Action<IBufferWriter<byte>> text, CancellationToken cancellation)
    {
        (ApplyResult result, Figures) = await Transaction.RunMeasuredAsync(runner, Call("-f", "-"), text, cancellation);
        return result;
    }

    /// <summary>nft applies whatever it has read when its input ends, if only that ends between two commands.</summary>
    private static ToolCall Call(params string[] arguments) => new("nft", arguments);
}
