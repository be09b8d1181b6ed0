using System.Buffers;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Nftables;

/// <summary>
/// Writes the rules of one family as input of <c>nft -f -</c> or as the netlink messages that it sends, in the layout of docs/nftables.md: maps that all Services
/// share, and a number of chains that does not grow with the cluster. Each text or batch is one transaction. Stateless; the output
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

    /// <summary>Counts what the table has after the transaction of <see cref="WriteFull(FamilyRules, NftablesOptions, IBufferWriter{byte})"/>.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="options">Features of the host's nft.</param>
    public static NftTableSizes CountFull(FamilyRules rules, NftablesOptions options)
    {
        NftSizeEncoder sizes = new();
        NftWriter<NftSizeEncoder> writer = new(rules, options, sizes);
        writer.Full();
        writer.Complete();
        return new(sizes.Rules, sizes.CountElements());
    }

    /// <summary>Writes the transaction that replaces the whole table, as netlink messages.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="options">Features of the host's nft, which may list the table.</param>
    /// <param name="batch">Receives the messages.</param>
    /// <param name="generation">The generation of the rules that were read; null to replace any.</param>
    public static void WriteFull(FamilyRules rules, NftablesOptions options, NftBatch batch, uint? generation = null)
    {
        NftWriter<NftBatchEncoder> writer = new(rules, options, new NftBatchEncoder(batch, rules.Family, generation));
        writer.Full();
        writer.Complete();
    }

    /// <summary>
    /// Writes the transaction that turns an existing table into that of a full one, but keeps the affinity sets that
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

    /// <inheritdoc cref="WriteReplacement(FamilyRules, NftTableContent, NftablesOptions, IBufferWriter{byte})"/>
    /// <param name="rules">The rules.</param>
    /// <param name="existing">The current content of the table, which kube-proxy may have created.</param>
    /// <param name="options">Features of the host's nft, which may list the table.</param>
    /// <param name="batch">Receives the messages.</param>
    /// <param name="generation">The generation of the rules that <paramref name="existing"/> was read from; null to replace any.</param>
    public static void WriteReplacement(FamilyRules rules, NftTableContent existing, NftablesOptions options, NftBatch batch, uint? generation = null)
    {
        NftWriter<NftBatchEncoder> writer = new(rules, options, new NftBatchEncoder(batch, rules.Family, generation));
        writer.Replacement(existing);
        writer.Complete();
    }

    /// <summary>
    /// The chains that a replacement leaves empty; they are deleted later, like those of
    /// <see cref="StaleChains"/>.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="existing">What the table had.</param>
    /// <param name="options">The options that it was replaced with.</param>
    public static IReadOnlyList<string> UnneededChains(FamilyRules rules, NftTableContent existing, NftablesOptions options)
    {
        HashSet<string> needed = TableNames.Chains(rules, options);
        return Array.FindAll(existing.RegularChains.AsSpan().ToArray(), chain => !needed.Contains(chain));
    }

    /// <summary>The chains that an update creates or rewrites, which must not be deleted as stale.</summary>
    public static IReadOnlyList<string> WrittenChains(FamilyChange change) => TableNames.WrittenChains(change);

    /// <summary>
    /// Whether a change can be written as an update: false if settings have changed that rules of single Services contain, such
    /// as the mark, or that base chains depend on.
    /// </summary>
    public static bool CanUpdate(FamilyChange change)
    {
        NodeSettings before = change.Before.Settings;
        NodeSettings after = change.After.Settings;
        return before.Family == after.Family
            && before.MasqueradeMark == after.MasqueradeMark
            && before.LocalTraffic == after.LocalTraffic
            && (before.Egress is null) == (after.Egress is null);
    }

    /// <summary>
    /// Writes the transaction from the table of the older snapshot to that of the newer one: only what has changed. Chains that
    /// are no longer needed stay, empty or unused, until they are cleaned up.
    /// </summary>
    /// <param name="change">The change; <see cref="CanUpdate"/> must be true.</param>
    /// <param name="options">Features of the host's nft.</param>
    /// <param name="output">Receives the text; nothing when the rules are the same.</param>
    public static void WriteUpdate(FamilyChange change, NftablesOptions options, IBufferWriter<byte> output)
    {
        RequireUpdate(change);
        NftWriter<NftTextEncoder> writer = new(change.After, options, new NftTextEncoder(change.After.Family, output));
        writer.Update(change);
        writer.Complete();
    }

    /// <inheritdoc cref="WriteUpdate(FamilyChange, NftablesOptions, IBufferWriter{byte})"/>
    /// <param name="change">The change; <see cref="CanUpdate"/> must be true.</param>
    /// <param name="options">Features of the host's nft, which may list the table.</param>
    /// <param name="batch">Receives the messages; empty when the rules are the same.</param>
    /// <param name="generation">The generation of the rules that the change begins with; null for any.</param>
    public static void WriteUpdate(FamilyChange change, NftablesOptions options, NftBatch batch, uint? generation = null)
    {
        RequireUpdate(change);
        NftWriter<NftBatchEncoder> writer = new(change.After, options, new NftBatchEncoder(batch, change.After.Family, generation));
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
        DeleteChains(chains, ref encoder);
    }

    /// <inheritdoc cref="WriteCleanUp(IpFamily, IReadOnlyList{string}, IBufferWriter{byte})"/>
    /// <param name="family">The family.</param>
    /// <param name="chains">Names that <see cref="StaleChains"/> gave and that no later change uses again.</param>
    /// <param name="batch">Receives the messages.</param>
    public static void WriteCleanUp(IpFamily family, IReadOnlyList<string> chains, NftBatch batch)
    {
        NftBatchEncoder encoder = new(batch, family, generation: null);
        DeleteChains(chains, ref encoder);
    }

    /// <summary>Writes the transaction that removes elements of counting sets, also those that are not there.</summary>
    /// <param name="family">The family.</param>
    /// <param name="elements">The elements; those of one set side by side.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteCounterCleanUp(IpFamily family, IReadOnlyList<CountedElement> elements, IBufferWriter<byte> output)
    {
        NftTextEncoder encoder = new(family, output);
        CountingElements.Remove(elements, ref encoder);
    }

    /// <inheritdoc cref="WriteCounterCleanUp(IpFamily, IReadOnlyList{CountedElement}, IBufferWriter{byte})"/>
    /// <param name="family">The family.</param>
    /// <param name="elements">The elements; those of one set side by side.</param>
    /// <param name="batch">Receives the messages.</param>
    public static void WriteCounterCleanUp(IpFamily family, IReadOnlyList<CountedElement> elements, NftBatch batch)
    {
        NftBatchEncoder encoder = new(batch, family, generation: null);
        CountingElements.Remove(elements, ref encoder);
    }

    private static void DeleteChains<TEncoder>(IReadOnlyList<string> chains, ref TEncoder encoder)
        where TEncoder : struct, INftEncoder, allows ref struct
    {
        foreach (string chain in chains)
        {
            encoder.DeleteChain(chain);
        }

        encoder.Complete();
    }

    private static void RequireUpdate(FamilyChange change)
    {
        if (!CanUpdate(change))
        {
            throw new ArgumentException("settings changed that need a full transaction", nameof(change));
        }
    }
}

/// <summary>Features of the host's nft and kernel; the defaults are those of a usual node.</summary>
public sealed record NftablesOptions
{
    /// <summary>The defaults.</summary>
    public static NftablesOptions Default { get; } = new();

    /// <summary>Whether tables, chains, sets and maps may have comments (detected as in spec 6.1).</summary>
    public bool HasObjectComments { get; init; } = true;

    /// <summary>
    /// Whether rules count the connections of each frontend, in the sets of <see cref="CountingSets"/>. Kernel 5.11 or later; off, the
    /// rules are the same as without this option.
    /// </summary>
    public bool HasServiceCounters { get; init; }
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

/// <summary>How large the objects of a table are.</summary>
/// <param name="Rules">The number of rules of each chain, by its name.</param>
/// <param name="Elements">The number of elements of each set and map, by its name; those that rules fill are left out.</param>
public sealed record NftTableSizes(IReadOnlyDictionary<string, int> Rules, IReadOnlyDictionary<string, int> Elements);
