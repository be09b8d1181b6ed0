using System.Globalization;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>
/// Numbers as Kubernetes' components export them: the shortest digits that read back as the same number, with an exponent
/// of at least two digits below 1e-04 and from 1e+06 on. The text of a bucket's bound is part of a series' name, so it
/// has to be theirs to the character.
/// </summary>
internal static class MetricNumber
{
    /// <summary>No number is longer.</summary>
    public const int MaxTextLength = 32;

    private const int LeastPlainExponent = -4;
    private const int FirstLongExponent = 6;

    /// <summary>Writes a number.</summary>
    /// <param name="value">The number.</param>
    /// <param name="destination">Room for <see cref="MaxTextLength"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Format(double value, Span<byte> destination)
    {
        if (!double.IsFinite(value))
        {
            ReadOnlySpan<byte> word = double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8;
            word.CopyTo(destination);
            return word.Length;
        }

        Span<byte> shortest = stackalloc byte[MaxTextLength];
        value.TryFormat(shortest, out int length, "R", CultureInfo.InvariantCulture);
        int exponent = Exponent(shortest[..length].TrimStart((byte)'-'));
        return exponent is >= LeastPlainExponent and < FirstLongExponent || value == 0
            ? CopyPlain(shortest[..length], destination)
            : WithExponent(shortest[..length], exponent, destination);
    }

    // "R" writes numbers of this size without an exponent.
    private static int CopyPlain(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }

    private static int WithExponent(ReadOnlySpan<byte> text, int exponent, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[MaxTextLength];
        int count = 0;
        int end = text.IndexOf((byte)'E') is int mark && mark >= 0 ? mark : text.Length;
        foreach (byte character in text[..end])
        {
            if (character is >= (byte)'1' and <= (byte)'9' || (character == (byte)'0' && count > 0))
            {
                digits[count++] = character;
            }
        }

        ReadOnlySpan<byte> significant = digits[..count].TrimEnd((byte)'0');
        int length = 0;
        if (text[0] == (byte)'-')
        {
            destination[length++] = (byte)'-';
        }

        destination[length++] = significant[0];
        if (significant.Length > 1)
        {
            destination[length++] = (byte)'.';
            significant[1..].CopyTo(destination[length..]);
            length += significant.Length - 1;
        }

        destination[length++] = (byte)'e';
        destination[length++] = (byte)(exponent < 0 ? '-' : '+');
        Math.Abs(exponent).TryFormat(destination[length..], out int written, "00", CultureInfo.InvariantCulture);
        return length + written;
    }

    private static int Exponent(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf((byte)'E') is int mark && mark >= 0)
        {
            return int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }

        int point = text.IndexOf((byte)'.');
        int leading = text.IndexOfAnyExcept((byte)'0', (byte)'.');
        return leading > point && point >= 0 ? point - leading : (point < 0 ? text.Length : point) - 1;
    }
}
