using System.Buffers;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// What an unquoted YAML scalar means: null, boolean, number or text, by the YAML 1.2 core schema with the octal and
/// hexadecimal numbers that Kubernetes tools know. <c>yes</c> and <c>on</c> stay texts (wire notes 7.2).
/// </summary>
internal static class PlainScalar
{
    private static readonly SearchValues<byte> s_hexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    public static DocumentKind KindOf(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return DocumentKind.Null;
        }

        byte first = text[0];
        if (first is (byte)'~' or (byte)'n' or (byte)'N')
        {
            return IsOneOf(text, "null"u8, "Null"u8, "NULL"u8) || text.SequenceEqual("~"u8) ? DocumentKind.Null : DocumentKind.Text;
        }

        if (first is (byte)'t' or (byte)'T')
        {
            return IsOneOf(text, "true"u8, "True"u8, "TRUE"u8) ? DocumentKind.Boolean : DocumentKind.Text;
        }

        if (first is (byte)'f' or (byte)'F')
        {
            return IsOneOf(text, "false"u8, "False"u8, "FALSE"u8) ? DocumentKind.Boolean : DocumentKind.Text;
        }

        return first is >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'+' or (byte)'.' && IsNumber(text)
            ? DocumentKind.Number
            : DocumentKind.Text;
    }

    private static bool IsOneOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c) =>
        text.SequenceEqual(a) || text.SequenceEqual(b) || text.SequenceEqual(c);

    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (rest.StartsWith("0x"u8) && rest.Length > 2)
        {
            return !rest[2..].ContainsAnyExcept(s_hexDigits);
        }

        int whole = CountDigits(rest);
        rest = rest[whole..];
        int decimals = 0;
        if (!rest.IsEmpty && rest[0] == (byte)'.')
        {
            decimals = CountDigits(rest[1..]);
            rest = rest[(1 + decimals)..];
        }

        if (whole + decimals == 0)
        {
            return false;
        }

        if (!rest.IsEmpty && rest[0] is (byte)'e' or (byte)'E')
        {
            rest = rest[1..];
            rest = !rest.IsEmpty && rest[0] is (byte)'-' or (byte)'+' ? rest[1..] : rest;
            int exponent = CountDigits(rest);
            return exponent > 0 && exponent == rest.Length;
        }

        return rest.IsEmpty;
    }

    private static int CountDigits(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? text.Length : end;
    }
}
