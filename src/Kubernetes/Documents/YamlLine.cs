namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Properties of a line of YAML that do not depend on its context.</summary>
internal static class YamlLine
{
    /// <summary>The number of blanks before its content; -1 for a line of blanks.</summary>
    public static int IndentOf(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept((byte)' ');

    /// <summary>Whether a line begins or ends a document: <c>---</c> or <c>...</c>, with or without more on it.</summary>
    public static bool IsMarker(ReadOnlySpan<byte> line, ReadOnlySpan<byte> marker) =>
        line.StartsWith(marker) && (line.Length == marker.Length || line[marker.Length] is (byte)' ' or (byte)'\t' or (byte)'\r');

    /// <summary>Whether a line is a directive or a document end marker, which only the full parser supports.</summary>
    public static bool IsSpecial(ReadOnlySpan<byte> line) => line.StartsWith("%"u8) || IsMarker(line, "..."u8);

    /// <summary>
    /// Whether there may be line ends that <see cref="LineBuffer"/> does not know (a return alone, and three of Unicode's), or
    /// lines that begin with a tab, which the full parser handles differently.
    /// </summary>
    public static bool HasOddWhitespace(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("\u0085"u8) >= 0 || text.IndexOf("\u2028"u8) >= 0 || text.IndexOf("\u2029"u8) >= 0)
        {
            return true;
        }

        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            int end = line.IndexOf((byte)'\r');
            if ((end >= 0 && end < line.Length - 1) || line.TrimStart((byte)' ').StartsWith("\t"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a line begins an element of a sequence with this indentation.</summary>
    public static bool IsElementAt(ReadOnlySpan<byte> line, int indent) =>
        IndentOf(line) == indent && line[indent] == (byte)'-' && (line.Length == indent + 1 || line[indent + 1] is (byte)' ' or (byte)'\t' or (byte)'\r');

    /// <summary>Whether a line continues an element of such a sequence.</summary>
    public static bool IsInElement(ReadOnlySpan<byte> line, int indent)
    {
        int own = IndentOf(line);
        return own < 0 || own > indent || line[own] is (byte)'#' or (byte)'\r' or (byte)'\t';
    }
}
