using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Reads rules in nft's own language: what <c>nft list ruleset</c> prints, and scripts such as this program writes, whose
/// commands are executed on an empty rule set. Like <see cref="NftJsonReader"/> it supports the expressions of this program's
/// table and of kube-proxy's; others become "may match" and "may do anything".
/// </summary>
public static class NftScriptReader
{
    /// <summary>Adds the tables of a text to rule sets.</summary>
    /// <param name="text">The text, UTF-8.</param>
    /// <param name="rules">Each receives the tables of its family; those of the family inet count for both.</param>
    /// <exception cref="RuleTextException">The text is not valid for nft.</exception>
    public static void Read(ReadOnlyMemory<byte> text, params ReadOnlySpan<Ruleset> rules)
    {
        NftListing listing = new NftScript(NftVariables.Replace(text)).Read();
        foreach (Ruleset ruleset in rules)
        {
            listing.AddTo(ruleset);
        }
    }
}
