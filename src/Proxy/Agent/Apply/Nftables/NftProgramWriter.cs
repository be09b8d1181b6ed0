using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>Writes the table with the program nft, which reads the transaction in its language from standard input.</summary>
/// <param name="family">The family.</param>
/// <param name="runner">Runs nft.</param>
/// <param name="options">What <see cref="NftablesProbe"/> found.</param>
internal sealed class NftProgramWriter(IpFamily family, ProcessRunner runner, NftablesOptions options) : INftablesWriter
{
    /// <inheritdoc/>
    public ApplyFigures? Figures { get; private set; }

    /// <inheritdoc/>
    public async Task<ApplyResult> WriteFullAsync(FamilyRules rules, CancellationToken cancellation)
    {
        using Transaction transaction = Begin();
        NftablesRenderer.WriteFull(rules, options, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    /// <inheritdoc/>
    /// <remarks>nft reads the generation itself, after it was started: whether the table is still the same is not confirmed.</remarks>
    public async Task<ApplyResult> WriteReplacementAsync(FamilyRules rules, NftTableContent existing, Func<Task<uint?>> confirm, CancellationToken cancellation)
    {
        using Transaction transaction = Begin();
        NftablesRenderer.WriteReplacement(rules, existing, options, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> WriteUpdateAsync(FamilyChange change, CancellationToken cancellation)
    {
        using Transaction transaction = Begin();
        NftablesRenderer.WriteUpdate(change, options, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> DeleteChainsAsync(IReadOnlyList<string> chains, CancellationToken cancellation)
    {
        using Transaction transaction = Begin();
        NftablesRenderer.WriteCleanUp(family, chains, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> RemoveCountersAsync(IReadOnlyList<CountedElement> elements, CancellationToken cancellation)
    {
        using Transaction transaction = Begin();
        NftablesRenderer.WriteCounterCleanUp(family, elements, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    /// <inheritdoc/>
    public async Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        using Transaction transaction = Begin("--check");
        NftablesRenderer.WriteFull(rules, options, transaction);
        return await CommitAsync(transaction, cancellation);
    }

    private Transaction Begin(params ReadOnlySpan<string> flags) => new(runner, new("nft", [.. flags, "-f", "-"]));

    private async Task<ApplyResult> CommitAsync(Transaction transaction, CancellationToken cancellation)
    {
        ApplyResult result = await transaction.CommitAsync(cancellation);
        Figures = transaction.Figures;
        return result;
    }
}
