namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <summary>
/// The probability of a <c>statistic</c> match as iptables-save prints it: kube-proxy writes 1/k with ten decimals, the
/// kernel keeps round(P * 2^31), and the listing shows that with eleven decimals (spec 5.6).
/// </summary>
public static class Probability
{
    /// <summary>Number of characters: a digit, a point and eleven decimals.</summary>
    public const int TextLength = 13;

    private const ulong WrittenUnit = 10_000_000_000;
    private const ulong ListedUnit = 100_000_000_000;
    private const int MantissaBits = 52;
    private const int ExponentBias = 1023;

    /// <summary>The number that the kernel compares a random 31-bit number with, for a chance of 1 in k.</summary>
    /// <param name="remaining">k, the number of endpoints left including this one; at least 1.</param>
    public static uint KernelValue(int remaining)
    {
        double parsed = RoundToTenDecimals(1.0 / remaining) / (double)WrittenUnit;
        return (uint)Math.Round(parsed * 2147483648.0, MidpointRounding.AwayFromZero);
    }

    /// <summary>Writes the listed text for a chance of 1 in k.</summary>
    /// <param name="remaining">k, at least 2: the last endpoint has no statistic match.</param>
    /// <param name="destination">At least <see cref="TextLength"/> bytes.</param>
    public static void Format(int remaining, Span<byte> destination)
    {
        // value / 2^31 with eleven decimals; exact, so half-even decides only true ties, as glibc's printf does.
        UInt128 scaled = (UInt128)KernelValue(remaining) * ListedUnit;
        ulong decimals = RoundHalfEven(scaled, 31);
        for (int index = TextLength - 1; index >= 0; index--)
        {
            if (index == 1)
            {
                destination[index] = (byte)'.';
                continue;
            }

            destination[index] = (byte)('0' + (decimals % 10));
            decimals /= 10;
        }
    }

    /// <summary>value * 10^10, rounded half to even on the exact binary value, as Go's <c>%0.10f</c> does.</summary>
    private static ulong RoundToTenDecimals(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> MantissaBits) - ExponentBias - MantissaBits;
        ulong mantissa = ((ulong)bits & ((1UL << MantissaBits) - 1)) | (1UL << MantissaBits);
        return RoundHalfEven((UInt128)mantissa * WrittenUnit, -exponent);
    }

    /// <summary>value / 2^bits rounded half to even.</summary>
    private static ulong RoundHalfEven(UInt128 value, int bits)
    {
        UInt128 quotient = value >> bits;
        UInt128 remainder = value - (quotient << bits);
        UInt128 half = UInt128.One << (bits - 1);
        bool roundUp = remainder > half || (remainder == half && (quotient & 1) == 1);
        return (ulong)(roundUp ? quotient + 1 : quotient);
    }
}
