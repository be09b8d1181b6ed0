using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Renderers.Nftables;

/// <summary>
/// Writes the rules of one family as input of <c>nft -f -</c>, in the layout of docs/nftables.md: maps that all Services
/// share, and chains whose number does not grow with the cluster. Each text is one transaction. Stateless; the output
/// depends on the arguments alone.
/// </summary>
public static class NftablesRenderer
{
    /// <summary>Writes the transaction that puts the whole table in place of whatever is there.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="options">What the host offers.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteFull(FamilyRules rules, NftablesOptions options, IBufferWriter<byte> output)
    {
        NftWriter writer = new(rules, options, output);
        writer.Full();
        writer.Flush();
    }

    /// <summary>
    /// Writes the transaction that makes a table that exists the one of <see cref="WriteFull"/>, but keeps the affinity sets
    /// that the rules go on using, with the clients in them. Regular chains that the rules do not need are emptied; see
    /// <see cref="UnneededChains"/>.
    /// </summary>
    /// <param name="rules">The rules.</param>
    /// <param name="existing">What the table has now, whoever made it.</param>
    /// <param name="options">What the host offers.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteReplacement(FamilyRules rules, NftTableContent existing, NftablesOptions options, IBufferWriter<byte> output)
    {
        NftWriter writer = new(rules, options, output);
        writer.Replacement(existing);
        writer.Flush();
    }

    /// <summary>
    /// The chains that are left empty by <see cref="WriteReplacement"/>; they are deleted later, as those of
    /// <see cref="StaleChains"/>.
    /// </summary>
    public static IReadOnlyList<string> UnneededChains(FamilyRules rules, NftTableContent existing)
    {
        HashSet<string> needed = TableNames.Chains(rules);
        return Array.FindAll(existing.RegularChains.AsSpan().ToArray(), chain => !needed.Contains(chain));
    }

    /// <summary>The chains that an update makes or makes anew: none of them may be deleted as left over.</summary>
    public static IReadOnlyList<string> WrittenChains(FamilyChange change) => TableNames.WrittenChains(change);

    /// <summary>
    /// Whether a change can be written as an update: not when settings changed that rules of single Services contain, such
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
    /// Writes the transaction from the table of the older snapshot to that of the newer one: only what changed. Chains that
    /// are no longer needed stay, empty or unused, for <see cref="WriteCleanUp"/>.
    /// </summary>
    /// <param name="change">The change; <see cref="CanUpdate"/> must say yes.</param>
    /// <param name="options">What the host offers.</param>
    /// <param name="output">Receives the text; nothing when the rules are the same.</param>
    public static void WriteUpdate(FamilyChange change, NftablesOptions options, IBufferWriter<byte> output)
    {
        if (!CanUpdate(change))
        {
            throw new ArgumentException("settings changed that need a full transaction", nameof(change));
        }

        NftWriter writer = new(change.After, options, output);
        writer.Update(change);
        writer.Flush();
    }

    /// <summary>
    /// The chains that an update leaves without use. They are deleted in a transaction of their own and later: kernels
    /// before 6.2 release the reference of a deleted map element only after the commit (spec 6.8).
    /// </summary>
    /// <returns>Names in an order in which they can be deleted.</returns>
    public static IReadOnlyList<string> StaleChains(FamilyChange change)
    {
        List<string> stale = [.. StaleObjects.SharedChains(change)];

        // The other way round than they were made: chains before those that they go to.
        stale.AddRange(StaleObjects.PortChains(change).Reverse());
        return stale;
    }

    /// <summary>Writes the transaction that deletes chains.</summary>
    /// <param name="family">The family.</param>
    /// <param name="chains">Names that <see cref="StaleChains"/> gave and that no later change took into use again.</param>
    /// <param name="output">Receives the text.</param>
    public static void WriteCleanUp(IpFamily family, IReadOnlyList<string> chains, IBufferWriter<byte> output)
    {
        string start = family == IpFamily.IPv4 ? $"delete chain ip {NftNames.Table} " : $"delete chain ip6 {NftNames.Table} ";
        foreach (string chain in chains)
        {
            output.Write(Encoding.ASCII.GetBytes(start + chain + "\n"));
        }
    }
}

/// <summary>What the host's nft and kernel offer; the defaults are those of a usual node.</summary>
public sealed record NftablesOptions
{
    /// <summary>The options of a usual node.</summary>
    public static NftablesOptions Default { get; } = new();

    /// <summary>Whether tables, chains, sets and maps may have comments (spec 6.1 tells how to find out).</summary>
    public bool HasObjectComments { get; init; } = true;
}

/// <summary>Names of what a table has.</summary>
/// <param name="BaseChains">Chains that hang on a hook.</param>
/// <param name="RegularChains">Other chains.</param>
/// <param name="Sets">Named sets.</param>
/// <param name="Maps">Named maps.</param>
public sealed record NftTableContent(
    EquatableArray<string> BaseChains,
    EquatableArray<string> RegularChains,
    EquatableArray<string> Sets,
    EquatableArray<string> Maps);
