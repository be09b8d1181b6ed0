using System.Text;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Splits lines of iptables-save and ipset into words, as their restore programs do, and joins them.</summary>
internal static class RuleToken
{
    /// <summary>The words of a line; quotes and backslashes are taken off.</summary>
    public static List<string> Split(string line)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool isQuoted = false;
        bool hasWord = false;
        for (int index = 0; index < line.Length; index++)
        {
            char letter = line[index];
            if (letter == '\\' && isQuoted && index + 1 < line.Length)
            {
                word.Append(line[++index]);
            }
            else if (letter == '"')
            {
                isQuoted = !isQuoted;
                hasWord = true;
            }
            else if (!isQuoted && letter is ' ' or '\t' or '\r')
            {
                Finish();
            }
            else
            {
                word.Append(letter);
                hasWord = true;
            }
        }

        Finish();
        return words;

        void Finish()
        {
            if (hasWord)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            hasWord = false;
        }
    }

    /// <summary>A word as a line has it.</summary>
    public static string Quote(string word) => word.Length != 0 && !word.AsSpan().ContainsAny(" \t\"\\'")
        ? word
        : $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
