using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;

namespace KubeProxySharp.Testing;

/// <summary>Many kinds of damage to a text that a reader has to cope with or refuse in its own words.</summary>
public static class Damage
{
    /// <summary>Tries kinds of damage, and sees that there were some that the reader can read and some that it refuses.</summary>
    /// <param name="times">How many.</param>
    /// <param name="isReadable">Damages the text by chance and reads it; false if it was refused, an exception for a fault of the reader.</param>
    public static void Try(int times, Func<Random, bool> isReadable)
    {
        int readable = 0;
        int refused = 0;
        Prop.ForAll<int>(seed =>
        {
            if (isReadable(new Random(seed)))
            {
                readable++;
            }
            else
            {
                refused++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(times));

        // Damage of both kinds was done.
        readable.Should().BePositive();
        refused.Should().BePositive();
    }
}
