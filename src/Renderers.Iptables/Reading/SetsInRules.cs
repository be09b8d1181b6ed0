using System.Text;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>The ipsets that rules of iptables name, found without reading the rules (iptables-extensions(8), set and SET).</summary>
public static class SetsInRules
{
    /// <summary>Whether a rule of a dump asks whether a packet is in a set.</summary>
    public static bool AreAsked(ReadOnlySpan<byte> text) => text.IndexOf("--match-set"u8) >= 0;

    /// <summary>The sets that rules of a dump change: <c>-j SET</c> adds the packet's addresses or takes them out.</summary>
    public static IReadOnlyCollection<string> Changed(ReadOnlySpan<byte> text)
    {
        HashSet<string> changed = new(StringComparer.Ordinal);
        AddAfter("--add-set"u8, text, changed);
        AddAfter("--del-set"u8, text, changed);
        return changed;
    }

    private static void AddAfter(ReadOnlySpan<byte> option, ReadOnlySpan<byte> text, HashSet<string> names)
    {
        while (text.IndexOf(option) is int found and >= 0)
        {
            text = text[(found + option.Length)..].TrimStart(" \t="u8);
            int end = text.IndexOfAny(" \t\r\n"u8);
            names.Add(Encoding.UTF8.GetString(end < 0 ? text : text[..end]).Trim('"', '\''));
        }
    }
}
