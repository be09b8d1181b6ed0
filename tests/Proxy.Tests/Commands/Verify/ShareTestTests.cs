using KubeProxySharp.Proxy.Commands.Verify;

namespace KubeProxySharp.Proxy.Tests.Commands.Verify;

public sealed class ShareTestTests
{
    /// <summary>Values from tables of the chi-square distribution: degrees of freedom, statistic, upper tail.</summary>
    [Theory]
    [InlineData(1, 3.841459, 0.05)]
    [InlineData(1, 10.827566, 0.001)]
    [InlineData(2, 13.815511, 0.001)]
    [InlineData(10, 18.307038, 0.05)]
    [InlineData(10, 3.940299, 0.95)]
    [InlineData(100, 149.449253, 0.001)]
    [InlineData(1000, 1000, 0.4941)]
    public void TheTailIsThatOfTheTables(int degrees, double statistic, double expected)
    {
        ShareTest.UpperGamma(degrees / 2.0, statistic / 2).Should().BeApproximately(expected, 1e-4 * Math.Max(expected, 0.01));
    }

    [Theory]
    [InlineData("100 100 100", true)]
    [InlineData("100 118 92", true)]
    [InlineData("200 50 50", false)]
    [InlineData("10000 9700", true)]
    [InlineData("10000 9500", false)]
    public void UnevenSpreadsAreTold(string counts, bool isEven)
    {
        (ShareTest.Probability([.. counts.Split(' ').Select(long.Parse)]) >= ShareTest.Threshold).Should().Be(isEven);
    }

    [Theory]
    [InlineData("1000")]
    [InlineData("9 0")]
    [InlineData("")]
    public void TooFewCannotBeJudged(string counts)
    {
        ShareTest.Probability([.. counts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)]).Should().BeNull();
    }
}
