using System.Text;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Recognises the kind of saved rules by the beginning of a text.</summary>
internal static class RuleText
{
    /// <summary>Enough of a file for the remarks at its top, in bytes.</summary>
    private const int Beginning = 4096;

    /// <summary>What a script or listing in nft's language begins with.</summary>
    private static readonly string[] s_nftCommands = ["table ", "add ", "create ", "flush ", "delete ", "destroy "];

    private static ReadOnlySpan<byte> Space => " \t\r\n"u8;

    /// <summary>What a file has. Standard input and directories hold manifests.</summary>
    /// <param name="path">The file.</param>
    public static RuleTextKind KindOfFile(string path)
    {
        if (path == "-" || Directory.Exists(path))
        {
            return RuleTextKind.None;
        }

        byte[] start = new byte[Beginning];
        using FileStream file = File.OpenRead(path);
        return KindOf(start.AsSpan(0, file.ReadAtLeast(start, Beginning, throwOnEndOfStream: false)));
    }

    /// <summary>What a text that begins so has.</summary>
    public static RuleTextKind KindOf(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> remarks = text.TrimStart(Space);
        text = SkipRemarks(remarks);
        remarks = remarks[..^text.Length];
        if (text.StartsWith("{"u8))
        {
            return text[1..].TrimStart(Space).StartsWith("\"nftables\""u8) ? RuleTextKind.NftJson : RuleTextKind.None;
        }

        if (text.StartsWith("*"u8))
        {
            return remarks.IndexOf("ip6tables"u8) >= 0 ? RuleTextKind.Ip6tablesSave
                : remarks.IndexOf("iptables"u8) >= 0 ? RuleTextKind.IptablesSave
                : RuleTextKind.UnnamedSave;
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

    /// <summary>Of iptables-save, as its first remark says.</summary>
    IptablesSave,

    /// <summary>Of ip6tables-save, as its first remark says.</summary>
    Ip6tablesSave,

    /// <summary>Of one of these two, and no remark says of which.</summary>
    UnnamedSave,

    /// <summary>Of <c>nft -j list ruleset</c>.</summary>
    NftJson,

    /// <summary>In nft's own language: of <c>nft list ruleset</c>, or a script.</summary>
    NftScript,
}
