using System.Text;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Recognises the kind of saved rules by the beginning of a text.</summary>
internal static class RuleText
{
    /// <summary>Enough of a file for the remarks at its top, in bytes.</summary>
    public const int Beginning = 4096;

    /// <summary>What a script or listing in nft's language begins with.</summary>
    private static readonly string[] s_nftCommands = ["table ", "add ", "create ", "flush ", "delete ", "destroy ", "define ", "include "];

    private static ReadOnlySpan<byte> Space => " \t\r\n"u8;

    /// <summary>Whether a file has rules, of a kind that is read or one that is refused with a reason. Directories hold manifests.</summary>
    /// <param name="path">The file.</param>
    public static bool IsOfRules(string path) => !Directory.Exists(path) && AreRules(SavedText.ReadBeginning(path, Beginning));

    /// <summary>Whether a text that begins so has rules. One that is empty is read as rules: it is what their tools print without root.</summary>
    public static bool AreRules(ReadOnlySpan<byte> text)
    {
        if (text.TrimStart(Space).IsEmpty)
        {
            return true;
        }

        IReadOnlyList<TranscriptPart> parts = Transcript.Split(text);
        return parts.Any(static part => part.Command is not null) || (parts.Count != 0 && KindOf(parts[0].Of(text)) != RuleTextKind.None);
    }

    /// <summary>What a text that begins so has.</summary>
    public static RuleTextKind KindOf(ReadOnlySpan<byte> text)
    {
        text = SkipRemarks(text.TrimStart(Space));
        if (text.StartsWith("{"u8))
        {
            return text[1..].TrimStart(Space).StartsWith("\"nftables\""u8) ? RuleTextKind.NftJson : RuleTextKind.None;
        }

        if (text.StartsWith("*"u8))
        {
            return RuleTextKind.IptablesSave;
        }

        if (text.StartsWith("-P "u8) || text.StartsWith("-N "u8) || text.StartsWith("-A "u8) || (text.StartsWith(":"u8) && IsChain(text)))
        {
            return RuleTextKind.IptablesRules;
        }

        if (text.StartsWith("Chain "u8) && text.IndexOf("\n"u8) is int end and > 0 && text[..end].IndexOf(" ("u8) > 0)
        {
            return RuleTextKind.IptablesColumns;
        }

        if (text.StartsWith("Name: "u8) && text.IndexOf("\nType: "u8) > 0 && text.IndexOf("\nHeader: "u8) > 0)
        {
            return RuleTextKind.IpsetColumns;
        }

        foreach (string command in s_nftCommands)
        {
            if (Ascii.Equals(text[..Math.Min(text.Length, command.Length)], command))
            {
                return RuleTextKind.NftScript;
            }
        }

        return RuleTextKind.None;
    }

    /// <summary>Whether a line is the head of a chain of iptables-save: <c>:INPUT ACCEPT [0:0]</c>.</summary>
    private static bool IsChain(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = (end < 0 ? text : text[..end]).TrimEnd(Space);
        return line.EndsWith("]"u8) && line.Count((byte)' ') == 2;
    }

    private static ReadOnlySpan<byte> SkipRemarks(ReadOnlySpan<byte> text)
    {
        while (text.StartsWith("#"u8))
        {
            int end = text.IndexOf((byte)'\n');
            text = (end < 0 ? [] : text[end..]).TrimStart(Space);
        }

        return text;
    }
}

/// <summary>What a text is that rules may have been saved in.</summary>
internal enum RuleTextKind
{
    /// <summary>None of these: it may be a manifest.</summary>
    None,

    /// <summary>Of iptables-save or ip6tables-save.</summary>
    IptablesSave,

    /// <summary>Of <c>iptables -S</c>, or rules without the head of their table.</summary>
    IptablesRules,

    /// <summary>Of <c>iptables -L</c>, which leaves out interfaces and options.</summary>
    IptablesColumns,

    /// <summary>Of <c>ipset list</c>, which is refused; its sets are read as <c>ipset save</c> prints them.</summary>
    IpsetColumns,

    /// <summary>Of <c>nft -j list ruleset</c>.</summary>
    NftJson,

    /// <summary>In nft's own language: of <c>nft list ruleset</c>, or a script.</summary>
    NftScript,
}
