using System.Text;
using System.Text.RegularExpressions;

namespace KubeProxySharp.Kubernetes.Connection.Credentials;

/// <summary>
/// Makes what a plugin said fit for a log: short, on one line, and without anything that looks like a secret. It rather
/// hides a word too many than one too few.
/// </summary>
/// <param name="known">Texts that are secret whatever they look like.</param>
internal sealed partial class Redaction(IEnumerable<Secret> known)
{
    /// <summary>How much is looked at, in bytes.</summary>
    public const int MaxInputLength = 4 * 1024;

    private const int MaxShownLength = 1024;
    private const int MaxMilliseconds = 1000;
    private const string Hidden = "[hidden]";

    /// <summary>Words of configuration such as "true" or "dev" are not worth making texts unreadable.</summary>
    private const int MinKnownLength = 5;

    private readonly string[] _known =
        [.. known.Select(secret => secret.Reveal()).Where(text => text.Length >= MinKnownLength).OrderByDescending(text => text.Length)];

    /// <summary>Makes a text fit for a log.</summary>
    /// <param name="said">The text. If it is longer than <see cref="MaxInputLength"/> its last word is not whole, and dropped.</param>
    public string Apply(ReadOnlySpan<byte> said)
    {
        string text = Encoding.UTF8.GetString(said[..Math.Min(said.Length, MaxInputLength)]);
        if (said.Length > MaxInputLength)
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

    /// <summary>Digits among letters: words, paths and names of hosts have few.</summary>
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

    /// <summary>What follows a word that announces a secret.</summary>
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

/// <summary>A text that must not be shown: it has to be asked for by name, and prints as nothing.</summary>
/// <param name="value">The text.</param>
internal sealed class Secret(string value)
{
    public bool IsEmpty => value.Length == 0;

    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
