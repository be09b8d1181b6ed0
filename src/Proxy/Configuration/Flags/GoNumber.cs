using System.Globalization;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>Numbers and booleans as Go's strconv reads them, with its error texts.</summary>
internal static class GoNumber
{
    /// <summary>Reads an integer: decimal, or with one of the prefixes 0x, 0o, 0 and 0b; <c>_</c> may separate digits.</summary>
    /// <exception cref="FlagException">The text is no integer, or one of more than 32 bits.</exception>
    public static int ReadInt32(string text)
    {
        bool isNegative = text.StartsWith('-');
        ReadOnlySpan<char> digits = text.AsSpan(isNegative || text.StartsWith('+') ? 1 : 0);
        int radix = 10;
        bool hasPrefix = digits.Length > 1 && digits[0] == '0';
        if (hasPrefix)
        {
            radix = (digits[1] | 0x20) switch { 'x' => 16, 'b' => 2, _ => 8 };
            digits = digits[(radix != 8 || (digits[1] | 0x20) == 'o' ? 2 : 1)..];
        }

        long value = 0;
        bool isDigitNeeded = !hasPrefix;
        foreach (char digit in digits)
        {
            if (digit == '_' && hasPrefix && !isDigitNeeded)
            {
                isDigitNeeded = true;
                continue;
            }

            int number = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : radix;
            if (number >= radix)
            {
                throw Syntax("ParseInt", text);
            }

            isDigitNeeded = false;
            value = Math.Min((value * radix) + number, uint.MaxValue);
        }

        if (digits.IsEmpty || isDigitNeeded)
        {
            throw Syntax("ParseInt", text);
        }

        value = isNegative ? -value : value;
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Range("ParseInt", text);
    }

    /// <summary>Reads a decimal integer that is not negative and fits 31 bits.</summary>
    /// <exception cref="FlagException">The text is no such number.</exception>
    public static int ReadLevel(string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw Syntax("ParseUint", text);
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int level) ? level : throw Range("ParseUint", text);
    }

    /// <summary>Reads a finite decimal number.</summary>
    /// <exception cref="FlagException">The text is no such number.</exception>
    public static float ReadSingle(string text)
    {
        if (!float.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out float value)
            || float.IsNaN(value))
        {
            throw Syntax("ParseFloat", text);
        }

        return float.IsFinite(value) ? value : throw Range("ParseFloat", text);
    }

    /// <summary>Reads a boolean in one of Go's spellings.</summary>
    /// <exception cref="FlagException">The text is none of them.</exception>
    public static bool ReadBoolean(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw Syntax("ParseBool", text),
    };

    private static FlagException Syntax(string function, string text) => new($"strconv.{function}: parsing {GoText.Quote(text)}: invalid syntax");

    private static FlagException Range(string function, string text) => new($"strconv.{function}: parsing {GoText.Quote(text)}: value out of range");
}
