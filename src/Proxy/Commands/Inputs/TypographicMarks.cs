using System.Text;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// Undoes what web pages and word processors make of quotes, dashes and blanks: a long dash before an option, quotes that are
/// bent, blanks that do not break. Lines keep their numbers. What stands in straight quotes, as comments do, stays.
/// </summary>
internal static class TypographicMarks
{
    private const string Dashes = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212";
    private const string DoubleQuotes = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb";
    private const string Blanks = "\u00a0\u2002\u2003\u2007\u2009\u202f";
    private const string Nothing = "\u200b\u2060\ufeff";

    /// <summary>Mends a text.</summary>
    /// <param name="text">The text, UTF-8.</param>
    /// <param name="name">Where it is from, for messages.</param>
    /// <param name="notes">Receives what was done.</param>
    /// <returns>The text, or what it becomes.</returns>
    /// <exception cref="InputException">It is not known what a character stood for; line and column are named.</exception>
    public static byte[] Mend(byte[] text, string name, ICollection<string> notes)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        StringBuilder mended = new(text.Length);
        int number = 0;
        int firstLine = 0;
        foreach (string line in Encoding.UTF8.GetString(text).Split('\n'))
        {
            number++;
            int start = mended.Length;
            bool isRemark = line.AsSpan().TrimStart().StartsWith("#");
            if (Ascii.IsValid(line) || isRemark)
            {
                mended.Append(line);
            }
            else if (MendLine(line, mended) is int column and > 0)
            {
                throw new InputException(
                    $"{name}: line {number}, column {column}: '{line[column - 1]}' (U+{(int)line[column - 1]:X4}) is no character of a rule; a web page or an editor has put it in the place of another. Write it as the tool printed it, or save the tool's output to a file");
            }
            else if (firstLine == 0 && !mended.ToString(start, mended.Length - start).Equals(line, StringComparison.Ordinal))
            {
                firstLine = number;
            }

            mended.Append('\n');
        }

        if (firstLine == 0)
        {
            return text;
        }

        notes.Add($"{name}: from line {firstLine} on, dashes, quotes or blanks that a web page or an editor has changed were read as the plain ones");
        mended.Length--;
        return Encoding.UTF8.GetBytes(mended.ToString());
    }

    /// <summary>Mends a line.</summary>
    /// <returns>The column of a character that is not known to stand for something, from 1; 0 if there is none.</returns>
    private static int MendLine(string line, StringBuilder mended)
    {
        bool isQuoted = false;
        bool isBent = false;
        int lastBent = 0;
        for (int index = 0; index < line.Length; index++)
        {
            char character = line[index];
            if (character == '"' && (index == 0 || line[index - 1] != '\\'))
            {
                isQuoted = !isQuoted;
            }

            if (character < 0x80 || isQuoted)
            {
                if (!isQuoted && character == '-' && StartsWord(line, index) && OptionAt(line, index) is { } plain && plain != index)
                {
                    mended.Append(Option(line, plain));
                    index = plain - 1;
                    continue;
                }

                mended.Append(character);
            }
            else if (DoubleQuotes.Contains(character, StringComparison.Ordinal))
            {
                isBent = !isBent;
                lastBent = index;
                mended.Append('"');
            }
            else if (isBent)
            {
                mended.Append(character);
            }
            else if (Blanks.Contains(character, StringComparison.Ordinal))
            {
                mended.Append(' ');
            }
            else if (Dashes.Contains(character, StringComparison.Ordinal) && StartsWord(line, index) && OptionAt(line, index) is { } end)
            {
                mended.Append(Option(line, end));
                index = end - 1;
            }
            else if (character is '\u2010' or '\u2011' or '\u2212')
            {
                // Of these a hyphen alone is made.
                mended.Append('-');
            }
            else if (!Nothing.Contains(character, StringComparison.Ordinal))
            {
                return index + 1;
            }
        }

        return isBent ? lastBent + 1 : 0;
    }

    private static bool StartsWord(string line, int index) => index == 0 || line[index - 1] == ' ' || line[index - 1] == '\t' || Blanks.Contains(line[index - 1], StringComparison.Ordinal);

    /// <summary>Where the letters begin after dashes of which one is not plain; null if there are none.</summary>
    private static int? OptionAt(string line, int index)
    {
        bool isChanged = false;
        int position = index;
        for (; position < line.Length && (line[position] == '-' || Dashes.Contains(line[position], StringComparison.Ordinal)); position++)
        {
            isChanged |= line[position] != '-';
        }

        return isChanged && position < line.Length && char.IsAsciiLetter(line[position]) ? position : null;
    }

    /// <summary>The dashes of an option: iptables has one before a letter alone and two before a word.</summary>
    private static string Option(string line, int letters)
    {
        bool isLetter = letters + 1 >= line.Length || !(char.IsAsciiLetterOrDigit(line[letters + 1]) || line[letters + 1] == '-');
        return isLetter ? "-" : "--";
    }
}
