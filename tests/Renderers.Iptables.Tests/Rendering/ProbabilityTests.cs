using System.Globalization;
using System.Text;
using KubeProxySharp.Renderers.Iptables.Rendering;

namespace KubeProxySharp.Renderers.Iptables.Tests.Rendering;

/// <summary>Spec 5.6.</summary>
public sealed class ProbabilityTests
{
    [Theory]
    [InlineData(2, "0.50000000000")]
    [InlineData(3, "0.33333333349")]
    [InlineData(4, "0.25000000000")]
    [InlineData(5, "0.20000000019")]
    [InlineData(6, "0.16666666651")]
    [InlineData(7, "0.14285714272")]
    [InlineData(8, "0.12500000000")]
    [InlineData(9, "0.11111111101")]
    [InlineData(10, "0.10000000009")]
    [InlineData(11, "0.09090909082")]
    [InlineData(12, "0.08333333349")]
    [InlineData(16, "0.06250000000")]
    [InlineData(20, "0.04999999981")]
    [InlineData(50, "0.02000000002")]
    [InlineData(100, "0.00999999978")]
    [InlineData(1000, "0.00100000016")]
    public void TextIsWhatTheKernelGivesBack(int remaining, string text)
    {
        Text(remaining).Should().Be(text);
    }

    /// <summary>The way through text: what we print, read again and rounded as iptables does, is the same kernel value.</summary>
    [Fact]
    public void PrintedTextLeadsBackToTheSameKernelValue()
    {
        for (int remaining = 2; remaining <= 100_000; remaining++)
        {
            double parsed = double.Parse(Text(remaining), CultureInfo.InvariantCulture);
            uint value = (uint)Math.Round(parsed * 2147483648.0, MidpointRounding.AwayFromZero);

            value.Should().Be(Probability.KernelValue(remaining), $"{remaining} endpoints");
        }
    }

    /// <summary>
    /// The chance of each of n endpoints: not taken by those before it, then taken. Rounding in the kernel is 2^-32 per
    /// rule and in kube-proxy's ten decimals 5e-11; errors of earlier rules add up.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(250)]
    [InlineData(1000)]
    public void EveryEndpointGetsOneNthWithinKernelRounding(int count)
    {
        double left = 1;
        for (int remaining = count; remaining >= 1; remaining--)
        {
            double chance = remaining == 1 ? 1 : Probability.KernelValue(remaining) / 2147483648.0;

            (left * chance).Should().BeApproximately(1.0 / count, count * 3e-10);
            left *= 1 - chance;
        }
    }

    private static string Text(int remaining)
    {
        Span<byte> text = stackalloc byte[Probability.TextLength];
        Probability.Format(remaining, text);
        return Encoding.ASCII.GetString(text);
    }
}
