using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Rules read from files.</summary>
/// <param name="Families">A rule set for each family that the files have rules of, in the order asked for.</param>
/// <param name="Notes">What the reader took for granted or found missing, for people.</param>
/// <param name="Opaque">Tables whose rules only iptables can list, and where they are from.</param>
internal sealed record SavedRules(IReadOnlyList<Ruleset> Families, IReadOnlyList<string> Notes, IReadOnlyDictionary<WalkTable, string> Opaque)
{
    /// <summary>A digest of all files: rules of the same text have the same. Empty if they were not read from files.</summary>
    public string Digest { get; init; } = "";

    /// <summary>The rules of a family; null if the files have none.</summary>
    public Ruleset? Of(IpFamily family) => Families.FirstOrDefault(rules => rules.Family == family);

    /// <summary>Writes the notes as messages.</summary>
    public void WriteNotes(TextWriter errors)
    {
        foreach (string note in Notes)
        {
            errors.WriteLine($"note: {note}");
        }
    }

    /// <summary>Says which families have no rules in the files though the cluster has Services in them.</summary>
    /// <param name="families">The families that are looked at.</param>
    /// <param name="model">What the cluster asks for.</param>
    /// <param name="consequence">What that means, for the message.</param>
    /// <param name="errors">Receives the messages.</param>
    public void WriteMissingFamilies(IReadOnlyList<IpFamily> families, RuleModelSnapshot model, string consequence, TextWriter errors)
    {
        foreach (IpFamily family in families)
        {
            if (Of(family) is null && model[family].Services.Count != 0)
            {
                errors.WriteLine($"note: the files have no {family} rules, and the cluster has {family} Services: {consequence}");
            }
        }
    }

    /// <summary>Refuses tables that iptables-nft made and nft listed, if they are needed: what their rules do is not in the listing.</summary>
    /// <param name="rules">The rules that are needed.</param>
    /// <param name="onlyKubeProxys">Whether only the chains of kube-proxy are.</param>
    /// <exception cref="InputException">There is one.</exception>
    public void RefuseOpaque(Ruleset rules, bool onlyKubeProxys)
    {
        foreach (WalkTable table in rules.Tables)
        {
            if (Opaque.TryGetValue(table, out string? name) && (!onlyKubeProxys || table.Chains.Keys.Any(static chain => chain.StartsWith("KUBE-", StringComparison.Ordinal))))
            {
                string tool = rules.Family == IpFamily.IPv4 ? "iptables-save" : "ip6tables-save";
                throw new InputException(
                    $"{name}: table {table.Name} ({rules.Family}) was written by iptables-nft, and nft does not list what its rules match and do (xt expressions); give what {tool} prints, in place of it or with it");
            }
        }
    }
}

/// <summary>A file of rules as it was given.</summary>
/// <param name="Path">The file, or <c>-</c> for standard input.</param>
/// <param name="Family">The family that was said to be its; null if that must show.</param>
internal readonly record struct RuleFile(string Path, IpFamily? Family = null);
