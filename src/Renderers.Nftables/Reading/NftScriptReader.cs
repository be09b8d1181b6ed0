using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads rules in nft's own language: what <c>nft list ruleset</c> prints, and the scripts that this program writes.
/// </summary>
public static class NftScriptReader
{
    /// <summary>Adds the tables of a text to a rule set.</summary>
    /// <param name="text">The text, UTF-8.</param>
    /// <param name="rules">Receives the tables of its family; those of the family inet count for both.</param>
    /// <exception cref="RuleTextException">The text is not what nft prints.</exception>
    public static void Read(ReadOnlyMemory<byte> text, Ruleset rules) => throw new RuleTextException(0, $"{text.Length} bytes for {rules.Family}: not read yet");
}
