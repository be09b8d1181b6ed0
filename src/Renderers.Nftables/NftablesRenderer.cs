using System.Buffers;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Nftables;

/// <summary>
/// Writes the rules of one family as input of <c>nft -f -</c>, in the layout of docs/nftables.md: maps that all Services
/// share, and a number of chains that does not grow with the cluster. Each text is one transaction. Stateless; the output
/// depends on the arguments alone.
/// </summary>
public static class NftablesRenderer
{
    /// <summary>Writes the transaction that replaces the whole table.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="options">Features of the host's nft.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteFull(FamilyRules rules, NftablesOptions options, IBufferWriter<byte> output)
    {
        NftWriter<NftTextEncoder> writer = new(rules, options, new NftTextEncoder(rules.Family, output));
        writer.Full();
        writer.Complete();
    }

    /// <summary>
    /// Writes the transaction that turns an existing table into that of <see cref="WriteFull"/>, but keeps the affinity sets that
    /// the rules still use, with their clients. Regular chains that the rules do not need are flushed; see
    /// <see cref="UnneededChains"/>.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="existing">The current content of the table, which kube-proxy may have created.</param>
    /// <param name="options">Features of the host's nft.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteReplacement(FamilyRules rules, NftTableContent existing, NftablesOptions options, IBufferWriter<byte> output)
    {
        NftWriter<NftTextEncoder> writer = new(rules, options, new NftTextEncoder(rules.Family, output));
        writer.Replacement(existing);
        writer.Complete();
    }

    /// <summary>
    /// The chains that <see cref="WriteReplacement"/> leaves empty; they are deleted later, like those of
    /// <see cref="StaleChains"/>.
    /// </summary>
    public static IReadOnlyList<string> UnneededChains(FamilyRules rules, NftTableContent existing)
    {
        HashSet<string> needed = TableNames.Chains(rules);
        return Array.FindAll(existing.RegularChains.AsSpan().ToArray(), chain => !needed.Contains(chain));
    }

    /// <summary>The chains that an update creates or rewrites, which must not be deleted as stale.</summary>
    public static IReadOnlyList<string> WrittenChains(FamilyChange change) => TableNames.WrittenChains(change);

    /// <summary>
    /// Whether a change can be written as an update: false if settings have changed that rules of single Services contain, such
    /// as the mark.
    /// </summary>
    public static bool CanUpdate(FamilyChange change)
    {
        NodeSettings before = change.Before.Settings;
        NodeSettings after = change.After.Settings;
        return before.Family == after.Family
            && before.MasqueradeMark == after.MasqueradeMark
            && before.LocalTraffic == after.LocalTraffic;
    }

    /// <summary>
    /// Writes the transaction from the table of the older snapshot to that of the newer one: only what has changed. Chains that
    /// are no longer needed stay, empty or unused, until <see cref="WriteCleanUp"/>.
    /// </summary>
    /// <param name="change">The change; <see cref="CanUpdate"/> must be true.</param>
    /// <param name="options">Features of the host's nft.</param>
    /// <param name="output">Receives the text; nothing when the rules are the same.</param>
    public static void WriteUpdate(FamilyChange change, NftablesOptions options, IBufferWriter<byte> output)
    {
        if (!CanUpdate(change))
        {
            throw new ArgumentException("settings changed that need a full transaction", nameof(change));
        }

        NftWriter<NftTextEncoder> writer = new(change.After, options, new NftTextEncoder(change.After.Family, output));
        writer.Update(change);
        writer.Complete();
    }

    /// <summary>
    /// The chains that are unused after an update. They are deleted later in a transaction of their own: kernels
    /// before 6.2 release the reference of a deleted map element only after the commit (spec 6.8).
    /// </summary>
    /// <returns>Names in an order in which they can be deleted.</returns>
    public static IReadOnlyList<string> StaleChains(FamilyChange change)
    {
        List<string> stale = [.. StaleObjects.SharedChains(change)];

        // In reverse order of creation: chains before the chains that they jump to.
        stale.AddRange(StaleObjects.PortChains(change).Reverse());
        return stale;
    }

    /// <summary>Writes the transaction that deletes chains.</summary>
    /// <param name="family">The family.</param>
    /// <param name="chains">Names that <see cref="StaleChains"/> gave and that no later change uses again.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteCleanUp(IpFamily family, IReadOnlyList<string> chains, IBufferWriter<byte> output)
    {
        NftTextEncoder encoder = new(family, output);
        foreach (string chain in chains)
        {
            encoder.DeleteChain(chain);
        }

        encoder.Complete();
    }
}

/// <summary>Features of the host's nft and kernel; the defaults are those of a usual node.</summary>
public sealed record NftablesOptions
{
    /// <summary>The defaults.</summary>
    public static NftablesOptions Default { get; } = new();

    /// <summary>Whether tables, chains, sets and maps may have comments (detected as in spec 6.1).</summary>
    public bool HasObjectComments { get; init; } = true;
}

/// <summary>The names of the objects of a table.</summary>
/// <param name="BaseChains">Chains with a hook.</param>
/// <param name="RegularChains">Other chains.</param>
/// <param name="Sets">Named sets.</param>
/// <param name="Maps">Named maps.</param>
public sealed record NftTableContent(
    EquatableArray<string> BaseChains,
    EquatableArray<string> RegularChains,
    EquatableArray<string> Sets,
    EquatableArray<string> Maps);
