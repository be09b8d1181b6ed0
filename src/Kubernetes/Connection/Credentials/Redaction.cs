using System.Text;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// Prepares the error output of a plugin for the log: short, on one line, and without anything that looks like a secret. In
/// doubt a word is hidden.
/// </summary>
/// <param name="known">Known secrets, which are hidden in any case.</param>
internal sealed partial class Redaction(IEnumerable<Secret> known)
{
    /// <summary>The number of bytes that are examined; the rest is dropped.</summary>
    public const int MaxInputLength = 4 * 1024;

    private const int MaxShownLength = 1024;
    private const int MaxMilliseconds = 1000;
    private const string Hidden = "[hidden]";

    /// <summary>Shorter values such as "true" or "dev" are not secrets, and hiding them would make texts unreadable.</summary>
    private const int MinKnownLength = 5;

    private readonly string[] _known =
        [.. known.Select(secret => secret.Reveal()).Where(text => text.Length >= MinKnownLength).OrderByDescending(text => text.Length)];

    /// <summary>Prepares a text for the log.</summary>
    /// <param name="output">The text. If it is longer than <see cref="MaxInputLength"/>, the last word is incomplete and is dropped.</param>
    public string Apply(ReadOnlySpan<byte> output)
    {
        string text = Encoding.UTF8.GetString(output[..Math.Min(output.Length, MaxInputLength)]);
        if (output.Length > MaxInputLength)
        {
            text = text[..(text.AsSpan().LastIndexOfAny(' ', '\n') + 1)];
        }

        foreach (string secret in _known)
        {
            text = text.Replace(secret, Hidden, StringComparison.Ordinal);
        }

        try
        {
            text = PemBlock().Replace(text, Hidden);
            text = NamedValue().Replace(text, "${name}" + Hidden);
            text = LongWord().Replace(text, static match => LooksRandom(match.ValueSpan) ? Hidden : match.Value);
            text = Blanks().Replace(text, " ").Trim();
        }
        catch (RegexMatchTimeoutException)
        {
            return Hidden;
        }

        return text.Length > MaxShownLength ? text[..MaxShownLength] + "..." : text;
    }

    /// <summary>Whether a word mixes digits and letters as keys do; words, paths and host names have few digits.</summary>
    private static bool LooksRandom(ReadOnlySpan<char> word)
    {
        int digits = 0;
        int uppers = 0;
        int lowers = 0;
        foreach (char character in word)
        {
            digits += char.IsAsciiDigit(character) ? 1 : 0;
            uppers += char.IsAsciiLetterUpper(character) ? 1 : 0;
            lowers += char.IsAsciiLetterLower(character) ? 1 : 0;
        }

        return (digits > 0 && uppers > 0 && lowers > 0) || digits >= 6 || (uppers >= 4 && lowers >= 4);
    }

    [GeneratedRegex("-----BEGIN .*?(-----END [A-Z0-9 ]*-----|\\z)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex PemBlock();

    /// <summary>A value after a name such as <c>token=</c> or <c>password:</c>.</summary>
    [GeneratedRegex(
        "(?<name>(?<![\\w-])(?:bearer|basic)[ \\t]+|(?<![\\w-])[\\w-]*(?:token|passw(?:or)?d|secret|authorization|api-?key|access-?key|private-?key)[\\w-]*[\"']?[ \\t]*[:=][ \\t]*(?:(?:bearer|basic)[ \\t]+)?)(?!\\[hidden\\])(?:\"[^\"\\n]*\"?|'[^'\\n]*'?|[^\\s,;}]+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        MaxMilliseconds)]
    private static partial Regex NamedValue();

    [GeneratedRegex("[A-Za-z0-9+/_=.~-]{20,}", RegexOptions.CultureInvariant, MaxMilliseconds)]
    private static partial Regex LongWord();

    [GeneratedRegex("[\\s\\p{C}]+", RegexOptions.CultureInvariant, MaxMilliseconds)]
    private static partial Regex Blanks();
}

/// <summary>A text that must not be shown: <see cref="ToString"/> does not contain it, only <see cref="Reveal"/> returns it.</summary>
/// <param name="value">The text.</param>
internal sealed class Secret(string value)
{
    public bool IsEmpty => value.Length == 0;

    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
