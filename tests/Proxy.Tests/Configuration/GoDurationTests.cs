using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Tests.Configuration;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", "0s")]
    [InlineData("0s", "0s")]
    [InlineData("30s", "30s")]
    [InlineData("1h0m0s", "1h0m0s")]
    [InlineData("24h", "24h0m0s")]
    [InlineData("1.5h", "1h30m0s")]
    [InlineData("90s", "1m30s")]
    [InlineData("100ms", "100ms")]
    [InlineData("1s500ms", "1.5s")]
    [InlineData("15us", "15µs")]
    [InlineData("15μs", "15µs")]
    [InlineData("100ns", "100ns")]
    [InlineData("-2m", "-2m0s")]
    [InlineData("+2m", "2m0s")]
    [InlineData(".5s", "500ms")]
    public void DurationsAreReadAndPrintedAsGoDoes(string text, string printed)
    {
        GoDuration.TryParse(text, out TimeSpan duration).Should().BeTrue();

        GoDuration.Format(duration).Should().Be(printed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("1d")]
    [InlineData("1h 2m")]
    [InlineData("1.2.3s")]
    [InlineData("9999999999999h")]
    public void OtherTextsAreRefused(string text)
    {
        GoDuration.TryParse(text, out _).Should().BeFalse();
    }
}
