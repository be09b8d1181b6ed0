using System.Globalization;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Numbers as nft writes them: decimal, or hexadecimal after <c>0x</c>.</summary>
internal static class NftNumber
{
    public static bool TryRead(string text, out uint number) => text.StartsWith("0x", StringComparison.Ordinal)
        ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    public static bool TryRead(NftExpression expression, out uint number)
    {
        number = 0;
        return expression is NftExpression.Word word && TryRead(word.Text, out number);
    }
}
