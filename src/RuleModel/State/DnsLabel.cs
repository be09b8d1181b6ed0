using System.Buffers;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// The check for DNS labels (RFC 1123), the form of all names that get into rules. It keeps quotes and newlines of a forged
/// object out of the text that the kernel's tools read.
/// </summary>
public static class DnsLabel
{
    private const int MaxLength = 63;

    private static readonly SearchValues<char> s_allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Whether the text is a DNS label: 1 to 63 lower-case letters, digits and inner dashes.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxLength && !text.ContainsAnyExcept(s_allowed) && text[0] != '-' && text[^1] != '-';
}
