using System.Globalization;
using System.Text;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>Texts in quotes as Go's <c>%q</c> writes them: one line, no control characters.</summary>
internal static class GoText
{
    /// <summary>Puts a text in double quotes and escapes what could end the line or steer a terminal.</summary>
    public static string Quote(string text) => AppendQuoted(new StringBuilder(text.Length + 2), text).ToString();

    /// <inheritdoc cref="Quote(string)"/>
    public static StringBuilder AppendQuoted(StringBuilder output, ReadOnlySpan<char> text)
    {
        output.Append('"');
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => output.Append("\\\""),
                '\\' => output.Append("\\\\"),
                '\n' => output.Append("\\n"),
                '\r' => output.Append("\\r"),
                '\t' => output.Append("\\t"),
                < ' ' or 0x7f => output.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ when IsInvisible(rune) => rune.IsBmp
                    ? output.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
                    : output.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
                _ => output.Append(rune.ToString()),
            };
        }

        return output.Append('"');
    }

    /// <summary>Controls, line separators and marks that turn the direction of what follows.</summary>
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
