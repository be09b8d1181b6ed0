using System.Globalization;
using FluentAssertions;

namespace KubeProxySharp.Testing;

/// <summary>
/// Damages texts at random, which a reader has to accept or to refuse with its own exception. The damage is the same in each
/// run, and differs with KPS_DAMAGE_SEED.
/// </summary>
public static class Damage
{
    /// <summary>Tries a number of damages, and asserts that the reader accepted some and refused some.</summary>
    /// <param name="times">The number of damages.</param>
    /// <param name="isReadable">Damages the text at random and reads it; false if it was refused; throws on a fault of the reader.</param>
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
