using System.Text;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>
/// Reads the text of iptables-save or ip6tables-save, of both variants, into rules that can be walked through. Matches and
/// targets that it does not know stay in as "may match" and "may do anything". Only chains are read at once, and which rule
/// is of which; a rule is read when a walk comes to it.
/// </summary>
public static class IptablesSaveReader
{
    /// <summary>Adds the tables of a dump to a rule set.</summary>
    /// <param name="text">The dump.</param>
    /// <param name="rules">Receives the tables; its family must be that of the dump.</param>
    /// <exception cref="RuleTextException">The text is not what iptables-save prints.</exception>
    public static void Read(string text, Ruleset rules) => Read(Encoding.UTF8.GetBytes(text), rules);

    /// <summary>Adds the tables of a dump to a rule set.</summary>
    /// <param name="text">The dump, UTF-8. It must not change any more.</param>
    /// <param name="rules">Receives the tables; its family must be that of the dump.</param>
    /// <exception cref="RuleTextException">The text is not what iptables-save prints.</exception>
    public static void Read(ReadOnlyMemory<byte> text, Ruleset rules) => new SaveScan(text, rules).Read();
}
