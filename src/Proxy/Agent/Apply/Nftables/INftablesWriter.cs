using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>Writes the table of one family, each call in one transaction, from the thread of the sync loop.</summary>
internal interface INftablesWriter
{
    /// <summary>Figures of the last call; null before the first.</summary>
    ApplyFigures? Figures { get; }

    /// <summary>Writes the whole table in place of whatever is there.</summary>
    Task<ApplyResult> WriteFullAsync(FamilyRules rules, CancellationToken cancellation);

    /// <summary>Writes the whole table over an existing one, keeping the affinity sets that go on being used.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="existing">What the table has.</param>
    /// <param name="confirm">
    /// Returns the number of the last commit if the table still has <paramref name="existing"/> then, else null: a writer
    /// that can has the kernel refuse the transaction if anything was committed after that.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    Task<ApplyResult> WriteReplacementAsync(FamilyRules rules, NftTableContent existing, Func<Task<uint?>> confirm, CancellationToken cancellation);

    /// <summary>Writes a change on top of the rules that it begins with.</summary>
    Task<ApplyResult> WriteUpdateAsync(FamilyChange change, CancellationToken cancellation);

    /// <summary>Deletes chains.</summary>
    Task<ApplyResult> DeleteChainsAsync(IReadOnlyList<string> chains, CancellationToken cancellation);

    /// <summary>Removes elements of counting sets, also those that are not there.</summary>
    Task<ApplyResult> RemoveCountersAsync(IReadOnlyList<CountedElement> elements, CancellationToken cancellation);

    /// <summary>Has the kernel prepare <see cref="WriteFullAsync"/> without committing it.</summary>
    Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation);
}
