namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Breaks text into lines of at most so many characters, without losing any: between words where possible.</summary>
internal static class WrappedText
{
    /// <summary>Breaks it.</summary>
    /// <param name="text">The text; it has no line breaks.</param>
    /// <param name="most">The most characters of a line.</param>
    /// <param name="indent">The spaces before every line but the first; they count.</param>
    public static IReadOnlyList<string> Lines(string text, int most, int indent = 0)
    {
        List<string> lines = [];
        string before = "";
        ReadOnlySpan<char> rest = text;
        while (before.Length + rest.Length > most)
        {
            int room = Math.Max(1, most - before.Length);
            int space = rest[..Math.Min(rest.Length, room + 1)].LastIndexOf(' ');

            // A long word begins on this line if most of the line would stay empty otherwise.
            int cut = space > room / 3 ? space : CutInsideWord(rest, room);
            lines.Add(before + rest[..cut].ToString());
            rest = rest[cut..].TrimStart(' ');
            before = new string(' ', indent);
        }

        if (rest.Length != 0 || lines.Count == 0)
        {
            lines.Add(before + rest.ToString());
        }

        return lines;
    }

    /// <summary>Names break after a dash, slash, dot, colon or comma if there is one in the second half of the line.</summary>
    private static int CutInsideWord(ReadOnlySpan<char> text, int room)
    {
        int mark = text[..room].LastIndexOfAny("-/.:,");
        return mark >= room / 2 ? mark + 1 : room;
    }
}
