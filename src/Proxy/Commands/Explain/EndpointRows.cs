namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The table of endpoints inside of a picture: beside the boxes if there is room, else below.</summary>
internal static class EndpointRows
{
    private const int MostCharacters = 36;
    private const int Gap = 20;

    /// <summary>Makes room beside the boxes.</summary>
    /// <param name="layout">The picture.</param>
    /// <param name="table">The table.</param>
    /// <param name="drawn">The width of the boxes.</param>
    /// <param name="most">The most that the picture may be wide.</param>
    public static void Widen(PictureLayout layout, EndpointTable table, int drawn, int most)
    {
        if (table.Rows.Count != 0)
        {
            layout.Widen(IsBeside(table, drawn, most) ? drawn + WidthOf(table) : WidthOf(table));
        }
    }

    /// <summary>Places the table.</summary>
    /// <param name="layout">The picture, as high as what is above the table if it is not beside.</param>
    /// <param name="table">The table.</param>
    /// <param name="top">Where it begins beside the boxes.</param>
    /// <param name="drawn">The width of the boxes.</param>
    /// <param name="most">The most that the picture may be wide.</param>
    public static void Add(PictureLayout layout, EndpointTable table, int top, int drawn, int most)
    {
        if (table.Rows.Count == 0)
        {
            return;
        }

        bool isBeside = IsBeside(table, drawn, most);
        int left = isBeside ? drawn : 16;
        int y = isBeside ? top : layout.Height + (2 * PictureLayout.LineHeight);
        int[] widths = Widths(table);
        foreach (IReadOnlyList<string> row in table.Rows.Prepend(table.Columns))
        {
            int x = left;
            int lines = 1;
            for (int column = 0; column < widths.Length; column++)
            {
                IReadOnlyList<string> texts = WrappedText.Lines(row[column], MostCharacters);
                for (int line = 0; line < texts.Count; line++)
                {
                    layout.Texts.Add(new(ReferenceEquals(row, table.Columns) ? "head" : "", x, y + (line * PictureLayout.LineHeight), texts[line]));
                }

                lines = Math.Max(lines, texts.Count);
                x += widths[column] + Gap;
            }

            y += lines * PictureLayout.LineHeight;
            layout.Lines.Add(new(PictureLineKind.Row, [(left, y - 11), (x - Gap, y - 11)], HasTip: false));
            y += 6;
        }

        foreach (string text in table.LeftOut.Length == 0 ? [] : WrappedText.Lines(table.LeftOut, (int)(WidthOf(table) / PictureLayout.CharacterWidth)))
        {
            layout.Texts.Add(new("small", left, y, text));
            y += PictureLayout.LineHeight;
        }

        layout.Height = Math.Max(layout.Height, y);
    }

    private static bool IsBeside(EndpointTable table, int drawn, int most) => drawn + WidthOf(table) <= most;

    private static int WidthOf(EndpointTable table) => Widths(table).Sum(static width => width + Gap);

    private static int[] Widths(EndpointTable table) =>
        [.. Enumerable.Range(0, table.Columns.Count).Select(column => (int)(Math.Min(MostCharacters, table.Rows.Prepend(table.Columns).Max(row => row[column].Length)) * PictureLayout.CharacterWidth))];
}
