using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

public sealed class MetricsPageTests
{
    private readonly MetricsPage _page = new(NullLogger.Instance);

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
    [InlineData(123456789012345, "1.23456789012345e+14")]
    [InlineData(-999999999999999.9, "-9.999999999999999e+14")]
    [InlineData(1e15, "1e+15")]
    [InlineData(1e23, "1e+23")]
    [InlineData(1.5e300, "1.5e+300")]
    public void NumbersLookLikeThoseOfGo(double value, string expected)
    {
        _page.Gauge(new("a", "A.")).Set(value);

        Scrape.Text(_page).Should().Be($"# HELP a A.\n# TYPE a gauge\na {expected}\n");
        Scrape.Text(_page, ExpositionFormat.OpenMetricsText).Should().Be($"# HELP a A.\n# TYPE a gauge\na {expected}\n# EOF\n");
    }

    [Fact]
    public void NothingInALabelIsTakenForANumberOrABound()
    {
        _page.Gauge(new("a", "A.") { Labels = ["x"] }).WithLabels("le=\"1000000\"} 1000000\n\\ü,le=").Set(1);
        Histogram histogram = _page.Histogram(new("b_seconds", "B.") { Labels = ["le_"], Buckets = [1000000] });
        histogram.WithLabels(",le=\"1000000").Observe(1);

        Scrape.Text(_page).Split('\n').Should().BeEquivalentTo(
        [
            "# HELP a A.", "# TYPE a gauge", """a{x="le=\"1000000\"} 1000000\n\\ü,le="} 1""",
            "# HELP b_seconds B.", "# TYPE b_seconds histogram", """b_seconds_bucket{le_=",le=\"1000000",le="1e+06"} 1""",
            """b_seconds_bucket{le_=",le=\"1000000",le="+Inf"} 1""", """b_seconds_sum{le_=",le=\"1000000"} 1""", """b_seconds_count{le_=",le=\"1000000"} 1""", "",
        ]);
    }

    [Fact]
    public void AReadingThatFailsLeavesTheOthers()
    {
        bool isWell = true;
        _page.ReadGauge(new("bad", "Fails."), () => isWell ? 2 : throw new IOException("no such file"));
        _page.ReadGauge(new("good", "Works."), static () => 1);

        string[] before = Scrape.Text(_page).Split('\n');
        isWell = false;

        before.Should().Contain("bad 2").And.Contain("good 1");
        Scrape.Text(_page).Should().Be("# HELP good Works.\n# TYPE good gauge\ngood 1\n");
    }

    [Fact]
    public void ACounterThatBeganAgainGoesOn()
    {
        double? reading = 100;
        _page.ReadCounter(new("a_total", "A."), () => reading);
        string first = Scrape.Text(_page);
        reading = null;
        string gone = Scrape.Text(_page);
        reading = 3;
        string again = Scrape.Text(_page);

        first.Should().EndWith("a_total 100\n");
        gone.Should().BeEmpty();
        again.Should().EndWith("a_total 103\n");
    }

    [Fact]
    public void WhatIsNotRegisteredIsNotShownNorAnythingOfTheLibrary()
    {
        _page.Counter(new("a_total", "A."), isRegistered: false).Inc();
        _page.Counter(new("b_total", "B.") { Labels = ["x"] }).WithLabels("never updated");

        Scrape.Text(_page).Should().BeEmpty();
        Scrape.Text(_page, ExpositionFormat.OpenMetricsText).Should().Be("# EOF\n");
        _page.Registered.Should().Equal(new Dictionary<string, int> { [""] = 1 });
    }

    [Fact]
    public void WrongLabelsAreRefused() =>
        FluentActions.Invoking(() => _page.Counter(new("a_total", "A.") { Labels = ["x", "y"] }).WithLabels("1")).Should().Throw<ArgumentException>();
}
