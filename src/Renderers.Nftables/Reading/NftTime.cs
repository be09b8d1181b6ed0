using System.Globalization;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Times as nft prints them: <c>1d2h3m4s5ms</c>, or a number of seconds.</summary>
internal static class NftTime
{
    public static bool TryReadSeconds(ReadOnlySpan<char> text, out int seconds)
    {
        seconds = 0;
        long milliseconds = 0;
        bool isRead = text.Length != 0;
        while (isRead && text.Length != 0)
        {
            int digits = text.IndexOfAnyExceptInRange('0', '9');
            digits = digits < 0 ? text.Length : digits;
            ReadOnlySpan<char> unit = text[digits..];
            int next = unit.IndexOfAnyInRange('0', '9');
            unit = next < 0 ? unit : unit[..next];
            long factor = unit switch { "" or "s" => 1000, "ms" => 1, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, "w" => 604_800_000, _ => 0 };
            isRead = int.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int number) && factor != 0;
            milliseconds += number * factor;
            text = text[(digits + unit.Length)..];
        }

        seconds = (int)Math.Min(milliseconds / 1000, int.MaxValue);
        return isRead;
    }
}

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
