using System.Buffers;
using System.Globalization;
using System.Text;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Writes a text so that every YAML reader reads that text again, and no number, boolean, null or comment.</summary>
internal static class YamlScalar
{
    /// <summary>Only these characters are written without quotes, although YAML allows more.</summary>
    private static readonly SearchValues<char> s_plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+");

    /// <summary>Texts that some YAML readers take for a boolean or null.</summary>
    private static readonly string[] s_words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

    public static void Append(StringBuilder output, string text)
    {
        if (IsPlain(text))
        {
            output.Append(text);
        }
        else
        {
            AppendQuoted(output, text);
        }
    }

    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAnyExcept(s_plain) || text[^1] == ':')
        {
            return false;
        }

        if (char.IsAsciiLetter(text[0]) || text[0] == '/')
        {
            return !s_words.Contains(text, StringComparer.OrdinalIgnoreCase);
        }

        // An address or a duration is no number; 1.35, 0x1f, 1e3, 12:30:00 and 2001-01-01 are, for one reader or another.
        bool isAddress = text.Count(letter => letter == '.') >= 3 && char.IsAsciiDigit(text[0]);
        bool isDuration = char.IsAsciiDigit(text[0]) && text[^1] == 's' && GoDuration.TryParse(text, out _);
        return isAddress || isDuration;
    }

    private static void AppendQuoted(StringBuilder output, string text)
    {
        output.Append('"');
        foreach (char letter in text)
        {
            switch (letter)
            {
                case '"' or '\\':
                    output.Append('\\').Append(letter);
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case < ' ' or (>= '\x7f' and <= '\xa0') or '\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff':
                    output.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
                    break;
                default:
                    output.Append(letter);
                    break;
            }
        }

        output.Append('"');
    }
}
