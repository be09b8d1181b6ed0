using System.Globalization;
using FluentAssertions;

namespace KubeProxySharp.Testing;

/// <summary>
/// Many kinds of damage to a text that a reader has to cope with or refuse in its own words: the same in each run, others
/// with another KPS_DAMAGE_SEED.
/// </summary>
public static class Damage
{
    /// <summary>Tries kinds of damage, and sees that there were some that the reader can read and some that it refuses.</summary>
    /// <param name="times">How many.</param>
    /// <param name="isReadable">Damages the text by chance and reads it; false if it was refused, an exception for a fault of the reader.</param>
    public static void Try(int times, Func<Random, bool> isReadable)
    {
        int first = int.Parse(Environment.GetEnvironmentVariable("KPS_DAMAGE_SEED") ?? "0", CultureInfo.InvariantCulture);
        int readable = 0;
        for (int seed = first; seed < first + times; seed++)
        {
            try
            {
                readable += isReadable(new Random(seed)) ? 1 : 0;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }

        readable.Should().BeInRange(1, times - 1, "damage of both kinds is done");
    }
}
