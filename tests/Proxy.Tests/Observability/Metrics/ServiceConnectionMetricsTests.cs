using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>From the kernel's counters to the page of the metrics.</summary>
public sealed class ServiceConnectionMetricsTests
{
    private readonly MetricsPage _page = new(NullLogger.Instance);
    private readonly ManualTimeProvider _time = new();
    private readonly FakeCounters _counters = new();

    [Fact]
    public void AScrapeReadsTheCounters()
    {
        Start(most: 2);
        _counters.Set("web", ConnectionFate.Sent, 3);
        _counters.Set("web", ConnectionFate.SourceRanges, 1);

        string[] lines = Scraped();

        lines.Should().Contain("kubeproxysharp_service_connections_total{ip_family=\"IPv4\",namespace=\"shop\",service=\"web\",port=\"http\",protocol=\"TCP\",group=\"cluster\",fate=\"sent\"} 3");
        lines.Should().Contain("kubeproxysharp_service_connections_total{ip_family=\"IPv4\",namespace=\"shop\",service=\"web\",port=\"http\",protocol=\"TCP\",group=\"cluster\",fate=\"source_ranges\"} 1");
        lines.Should().Contain("kubeproxysharp_service_connections_summed_ports 0");

        _time.Advance(ConnectionReadings.ShortestInterval);
        _counters.Set("web", ConnectionFate.Sent, 5);
        Scraped().Should().Contain(static line => line.Contains("fate=\"sent\"", StringComparison.Ordinal) && line.EndsWith(" 5", StringComparison.Ordinal));
    }

    [Fact]
    public void AScrapeRightAfterAReadingDoesNotReadAgain()
    {
        Start(most: 2);
        _counters.Set("web", ConnectionFate.Sent, 3);
        Scraped();

        _counters.Set("web", ConnectionFate.Sent, 5);
        _time.Advance(ConnectionReadings.ShortestInterval - TimeSpan.FromMilliseconds(1));

        Scraped().Should().Contain(static line => line.EndsWith("fate=\"sent\"} 3", StringComparison.Ordinal));
    }

    [Fact]
    public void ServicePortsWithoutPlacesAreSummed()
    {
        Start(most: 1);
        foreach ((string service, ulong sent) in ((string, ulong)[])[("web", 3), ("api", 4), ("db", 5)])
        {
            _counters.Set(service, ConnectionFate.Sent, sent);
        }

        string[] lines = Scraped();

        lines.Should().Contain("kubeproxysharp_service_connections_summed_ports 2");
        lines.Where(static line => line.Contains("service=\"\"", StringComparison.Ordinal)).Should().ContainSingle()
            .Which.Should().StartWith("kubeproxysharp_service_connections_total{ip_family=\"IPv4\",namespace=\"\",service=\"\",port=\"\",protocol=\"\",group=\"cluster\",fate=\"sent\"} ");
        lines.Where(static line => line.StartsWith("kubeproxysharp_service_connections_total", StringComparison.Ordinal)).Should().HaveCount(2);
    }

    /// <summary>Counters that a failed reading lacks have not ended: they would be added again.</summary>
    [Fact]
    public void AFailedReadingLosesNothing()
    {
        Start(most: 2);
        _counters.Set("web", ConnectionFate.Sent, 3);
        Scraped();

        _counters.Error = "try again";
        _time.Advance(ConnectionReadings.Interval);
        Scraped();
        _counters.Error = null;
        _time.Advance(ConnectionReadings.Interval);
        _counters.Set("web", ConnectionFate.Sent, 4);

        Scraped().Should().Contain(static line => line.EndsWith("fate=\"sent\"} 4", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutTheFlagThereAreNoSuchMetrics()
    {
        _ = new ServiceConnectionMetrics(_page, isOn: false);

        Scraped().Should().NotContain(static line => line.Contains("service_connections", StringComparison.Ordinal));
    }

    private void Start(int most)
    {
        ServiceConnectionMetrics metrics = new(_page, isOn: true);
        metrics.ReadBy(new ConnectionReadings([_counters], most, metrics, NullLogger.Instance, _time).Read);
    }

    private string[] Scraped() => Scrape.Text(_page).Split('\n');

    private sealed class FakeCounters : IConnectionCounters
    {
        private readonly Dictionary<(string, ConnectionFate), ulong> _values = [];

        public string? Error { get; set; }

        public void Set(string service, ConnectionFate fate, ulong value) => _values[(service, fate)] = value;

        public string? Read(List<ConnectionCount> counts)
        {
            counts.AddRange(_values.Where(_ => Error is null).Select(static each => new ConnectionCount(
                new(new("shop", each.Key.Item1), "http", TransportProtocol.Tcp), IpFamily.IPv4, TrafficPolicy.Cluster, each.Key.Item2, 0, each.Value)));
            return Error;
        }
    }
}
