using System.Text;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>
/// Writes lines of text. On a terminal prose is broken between words; rules, conntrack entries and commands are written as they
/// are, so that they can be copied and searched: a terminal shows the rest of such a line below. In a file or a pipe every line
/// is whole, as other programs read it.
/// </summary>
/// <param name="output">Where to.</param>
/// <param name="width">The columns of the terminal; null if it is none.</param>
internal sealed class ProseWriter(TextWriter output, int? width)
{
    /// <summary>The narrowest terminal that text is broken for: below it a word or two are left in a line.</summary>
    private const int LeastWidth = 40;

    private const char Escape = '\u001b';

    /// <summary>Ends a line, or writes an empty one.</summary>
    public void WriteLine() => output.WriteLine();

    /// <summary>Writes a line that stays whole.</summary>
    public void WriteLine(string text) => output.WriteLine(text);

    /// <summary>Writes prose. What does not fit is continued below its first word, behind the dash of a list.</summary>
    /// <param name="text">The text, which may have colours (ECMA-48) and begins with its indentation.</param>
    public void WriteProse(string text)
    {
        if (width is not { } columns || columns < LeastWidth || Columns(text) <= columns)
        {
            output.WriteLine(text);
            return;
        }

        int start = text.Length - text.AsSpan().TrimStart(' ').Length;
        start += text.AsSpan(start).StartsWith("- ", StringComparison.Ordinal) ? 2 : 0;
        string indent = new(' ', start == 0 ? 2 : start);
        StringBuilder line = new(text, 0, start, columns);
        int used = start;
        bool isEmpty = true;
        foreach (string word in text[start..].Split(' '))
        {
            int length = Columns(word);
            if (!isEmpty && used + 1 + length > columns)
            {
                output.WriteLine(line.ToString());
                line.Clear().Append(indent);
                used = indent.Length;
                isEmpty = true;
            }

            if (!isEmpty)
            {
                line.Append(' ');
                used++;
            }

            line.Append(word);
            used += length;
            isEmpty = false;
        }

        output.WriteLine(line.ToString());
    }

    /// <summary>The columns that a text takes: those of its colours are none.</summary>
    private static int Columns(string text)
    {
        int columns = 0;
        bool isEscape = false;
        foreach (char letter in text)
        {
            if (isEscape)
            {
                isEscape = letter != 'm';
            }
            else if (letter == Escape)
            {
                isEscape = true;
            }
            else
            {
                columns++;
            }
        }

        return columns;
    }
}
