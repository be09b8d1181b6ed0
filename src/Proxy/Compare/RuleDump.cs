namespace KubeProxySharp.Proxy.Compare;

/// <summary>Tells saved rules from manifests by how a file begins.</summary>
internal static class RuleDump
{
    /// <summary>Enough for the comments at the top.</summary>
    private const int Beginning = 4096;

    /// <summary>Whether a file has rules that were saved.</summary>
    public static bool IsOne(string path)
    {
        if (path == "-" || Directory.Exists(path))
        {
            return false;
        }

        byte[] start = new byte[Beginning];
        using FileStream file = File.OpenRead(path);
        return IsOne(start.AsSpan(0, file.ReadAtLeast(start, Beginning, throwOnEndOfStream: false)));
    }

    /// <summary>Whether a text that begins so has rules that were saved.</summary>
    public static bool IsOne(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t\r\n"u8);
        while (text.StartsWith("#"u8))
        {
            int end = text.IndexOf((byte)'\n');
            text = end < 0 ? default : text[(end + 1)..].TrimStart(" \t\r\n"u8);
        }

        if (text.StartsWith("{"u8))
        {
            return text[1..].TrimStart(" \t\r\n"u8).StartsWith("\"nftables\""u8);
        }

        return text.StartsWith("*"u8) || text.StartsWith("table "u8) || text.StartsWith("add table "u8) || text.StartsWith("flush "u8)
            || text.StartsWith("delete "u8) || text.StartsWith("destroy "u8);
    }
}
