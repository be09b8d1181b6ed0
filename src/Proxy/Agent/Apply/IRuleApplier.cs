using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>
/// Brings rules of one family into the kernel, each call in one atomic transaction. Calls come one after the other, from
/// the sync loop.
/// </summary>
internal interface IRuleApplier
{
    /// <summary>The family.</summary>
    IpFamily Family { get; }

    /// <summary>Figures of the last call that wrote rules; null when it came to no transaction.</summary>
    ApplyFigures? Figures { get; }

    /// <summary>
    /// Makes the kernel's rules those of the model, whatever is there: jump rules ensured, everything rewritten, what is
    /// stale removed. Session affinity that the kernel remembers is kept. The rules that are there stay in force until
    /// the transaction is committed.
    /// </summary>
    Task<ApplyResult> ApplyFullAsync(FamilyRules rules, CancellationToken cancellation);

    /// <summary>
    /// Makes the kernel's rules those of the model as <see cref="ApplyFullAsync"/> does, but writes only what differs, and
    /// checks afterwards that nothing does. Shorter than a full transaction after small damage, so that it also succeeds
    /// where others commit all the time.
    /// </summary>
    /// <returns>The result of the last transaction; null if everything has to be written instead.</returns>
    Task<ApplyResult?> RepairAsync(FamilyRules rules, CancellationToken cancellation) => Task.FromResult<ApplyResult?>(null);

    /// <summary>
    /// Applies a change on top of what the last successful call left. The caller falls back to
    /// <see cref="ApplyFullAsync"/> after any failure, and whenever <see cref="CanUpdate"/> says no.
    /// </summary>
    Task<ApplyResult> ApplyUpdateAsync(FamilyChange change, CancellationToken cancellation);

    /// <summary>Whether the change can be applied as an update.</summary>
    bool CanUpdate(FamilyChange change);

    /// <summary>
    /// Whether the kernel would take the rules, without changing those in force: a netlink batch that is never committed, or
    /// <c>nft --check</c>; <c>iptables-restore</c> inside a new network namespace where that is permitted, else with <c>--test</c>.
    /// </summary>
    Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation);

    /// <summary>Tries many small groups of Services at little more cost than a large one; null where each costs as much as <see cref="TryAsync"/>.</summary>
    IGroupTrials? GroupTrials => null;

    /// <summary>
    /// Whether a small update costs little however many rules there are, and changes nothing when it is refused: then the
    /// quickest way to find out whether the kernel takes a Service is to apply it.
    /// </summary>
    bool HasCheapUpdates { get; }

    /// <summary>Whether the last <see cref="TryAsync"/> could only check the form of the rules, because no network namespace can be made.</summary>
    bool TriesOnlyForm { get; }

    /// <summary>Whether the kernel has rules of ours, maybe of an earlier run, that stay in force as long as nothing is applied.</summary>
    Task<bool> HasRulesAsync(CancellationToken cancellation);

    /// <summary>
    /// How long until leftovers of earlier calls may be removed, such as chains that the kernel may still hold; no change
    /// has to come for that. Null when there are none.
    /// </summary>
    TimeSpan? UntilCleanUp { get; }

    /// <summary>Removes the leftovers whose time has come; those that stay are tried again later.</summary>
    Task CleanUpAsync(CancellationToken cancellation);
}
