using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.Proxy.Metrics;

namespace KubeProxySharp.Proxy.Tests.Metrics;

public sealed class MetricNumberTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(-1, "-1")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(0.000012345, "1.2345e-05")]
    [InlineData(16.384, "16.384")]
    [InlineData(262144, "262144")]
    [InlineData(999999, "999999")]
    [InlineData(999999.5, "999999.5")]
    [InlineData(1000000, "1e+06")]
    [InlineData(1048576, "1.048576e+06")]
    [InlineData(-48324608, "-4.8324608e+07")]
    [InlineData(1787302801.25, "1.78730280125e+09")]
    [InlineData(1e23, "1e+23")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    public void NumbersLookLikeThoseOfGo(double value, string expected) => Format(value).Should().Be(expected);

    [Fact]
    public void NumbersReadBackAsTheSame() =>
        Prop.ForAll(ArbMap.Default.ArbFor<double>(), static value => !double.IsFinite(value) || double.Parse(Format(value), CultureInfo.InvariantCulture) == value)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    private static string Format(double value)
    {
        Span<byte> text = stackalloc byte[MetricNumber.MaxTextLength];
        return Encoding.ASCII.GetString(text[..MetricNumber.Format(value, text)]);
    }
}
