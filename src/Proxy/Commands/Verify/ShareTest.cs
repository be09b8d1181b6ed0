namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Pearson's chi-square test of whether flows are spread evenly over endpoints.</summary>
internal static class ShareTest
{
    /// <summary>Below this probability of coming about by chance a spread counts as uneven.</summary>
    public const double Threshold = 0.001;

    /// <summary>The least number of flows to be expected per endpoint; with fewer the distribution does not hold.</summary>
    public const int LeastExpected = 5;

    private const double Precision = 1e-15;
    private const int MostTerms = 100_000;

    /// <summary>Tests the number of flows of each endpoint.</summary>
    /// <returns>The probability of a spread at least as uneven; null for too few flows or endpoints.</returns>
    public static double? Probability(IReadOnlyCollection<long> counts)
    {
        long total = counts.Sum();
        if (counts.Count < 2 || total < (long)LeastExpected * counts.Count)
        {
            return null;
        }

        double expected = (double)total / counts.Count;
        double statistic = counts.Sum(count => (count - expected) * (count - expected) / expected);
        return UpperGamma((counts.Count - 1) / 2.0, statistic / 2);
    }

    /// <summary>
    /// The regularised upper incomplete gamma function: a series below a + 1, Lentz's continued fraction above (Numerical
    /// Recipes, 6.2).
    /// </summary>
    internal static double UpperGamma(double a, double x)
    {
        if (x <= 0)
        {
            return 1;
        }

        double scale = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        return x < a + 1 ? 1 - (scale * Series(a, x)) : scale * Fraction(a, x);
    }

    private static double Series(double a, double x)
    {
        double term = 1 / a;
        double sum = term;
        for (int index = 1; index < MostTerms && term > sum * Precision; index++)
        {
            term *= x / (a + index);
            sum += term;
        }

        return sum;
    }

    private static double Fraction(double a, double x)
    {
        const double Tiny = 1e-300;
        double b = x + 1 - a;
        double c = 1 / Tiny;
        double d = 1 / b;
        double value = d;
        for (int index = 1; index < MostTerms; index++)
        {
            double factor = -index * (index - a);
            b += 2;
            d = 1 / NotZero((factor * d) + b);
            c = NotZero(b + (factor / c));
            double change = c * d;
            value *= change;
            if (Math.Abs(change - 1) < Precision)
            {
                break;
            }
        }

        return value;

        static double NotZero(double number) => Math.Abs(number) < Tiny ? Tiny : number;
    }

    /// <summary>Stirling's series after shifting the argument up; exact to about 14 digits.</summary>
    private static double LogGamma(double x)
    {
        double shift = 0;
        for (; x < 10; x++)
        {
            shift += Math.Log(x);
        }

        double inverse = 1 / (x * x);
        double series = (1.0 / 12) - (inverse * ((1.0 / 360) - (inverse * ((1.0 / 1260) - (inverse / 1680)))));
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (series / x) - shift;
    }
}
