using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// Remarks by which people say that they left rules out of a listing, such as <c># ... 200 more</c> or <c># (snip)</c>. To the tools they
/// are remarks as any other; an answer that does not know of the missing rules would be wrong.
/// </summary>
internal static partial class LeftOutRemark
{
    /// <summary>A remark that is longer is about something else.</summary>
    private const int MostBytes = 200;

    /// <summary>Refuses a text with such a remark.</summary>
    /// <param name="name">What the text is called.</param>
    /// <param name="text">The text, in UTF-8.</param>
    /// <exception cref="InputException">It has one.</exception>
    public static void Refuse(string name, ReadOnlySpan<byte> text)
    {
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            number++;
            ReadOnlySpan<byte> line = text[range].Trim(" \t\r"u8);
            if (line.Length is > 1 and <= MostBytes && line[0] == '#' && Remark().IsMatch(Encoding.UTF8.GetString(line)))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{name}: line {number}: \"{Encoding.UTF8.GetString(line)}\" says that rules are left out here; give all of them, as iptables-save or \"nft list ruleset\" prints them, or remove this remark if none is missing"));
            }
        }
    }

    [GeneratedRegex(@"^#+\s*([\[(<{\-*=]+\s*)?(\.{3}|…|snip(ped)?\b|([\w""']+\s+){0,4}(omitted|truncated|snipped)\b)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Remark();
}
