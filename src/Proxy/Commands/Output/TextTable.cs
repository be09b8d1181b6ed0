namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Lines of text in aligned columns.</summary>
/// <param name="titles">Titles of the columns; a <c>&gt;</c> before it means that the column is aligned to the right.</param>
internal sealed class TextTable(params string[] titles)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a line, with one text for each column.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes titles and lines; nothing trails.</summary>
    public void Write(TextWriter output)
    {
        string[] head = [.. titles.Select(static title => title.TrimStart('>'))];
        int[] widths = [.. head.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max())];
        foreach (string[] row in _rows.Prepend(head))
        {
            IEnumerable<string> cells = row.Select((cell, column) => titles[column].StartsWith('>') ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            output.WriteLine(string.Join(Gap, cells).TrimEnd());
        }
    }
}
