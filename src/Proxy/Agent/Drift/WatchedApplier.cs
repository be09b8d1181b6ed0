using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>An applier that notifies drift watches when it changes rules.</summary>
/// <param name="applier">Does the work.</param>
/// <param name="applies">Is notified; one for both families.</param>
internal sealed class WatchedApplier(IRuleApplier applier, OwnTransactions applies) : IRuleApplier
{
    /// <summary>Services and endpoints of what is large: it takes the kernel some 3 ms, and messages about it another 2.</summary>
    private const int LargeRules = 1000;

    /// <inheritdoc/>
    public IpFamily Family => applier.Family;

    /// <inheritdoc/>
    public ApplyFigures? Figures => applier.Figures;

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        using IDisposable apply = applies.Begin(isFull: true, isLarge: rules.Services.Count + rules.EndpointCount >= LargeRules);
        return await applier.ApplyFullAsync(rules, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult?> RepairAsync(FamilyRules rules, CancellationToken cancellation)
    {
        using IDisposable apply = applies.Begin(isFull: false);
        return await applier.RepairAsync(rules, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        using IDisposable apply = applies.Begin(isFull: false);
        return await applier.ApplyUpdateAsync(change, cancellation);
    }

    /// <inheritdoc/>
    public bool CanUpdate(FamilyChange change) => applier.CanUpdate(change);

    /// <inheritdoc/>
    public Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation) => applier.TryAsync(rules, cancellation);

    /// <inheritdoc/>
    public IGroupTrials? GroupTrials => applier.GroupTrials;

    /// <inheritdoc/>
    public bool HasCheapUpdates => applier.HasCheapUpdates;

    /// <inheritdoc/>
    public bool TriesOnlyForm => applier.TriesOnlyForm;

    /// <inheritdoc/>
    public Task<bool> HasRulesAsync(CancellationToken cancellation) => applier.HasRulesAsync(cancellation);

    /// <inheritdoc/>
    public TimeSpan? UntilCleanUp => applier.UntilCleanUp;

    /// <inheritdoc/>
    public async Task CleanUpAsync(CancellationToken cancellation)
    {
        using IDisposable apply = applies.Begin(isFull: false);
        await applier.CleanUpAsync(cancellation);
    }
}
