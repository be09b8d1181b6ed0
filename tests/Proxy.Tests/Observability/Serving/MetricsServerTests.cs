using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>Spec 10.3 over the wire.</summary>
public sealed class MetricsServerTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>, IAsyncLifetime
{
    private readonly ProxyMetrics _metrics = Scrape.NewMetrics();
    private HttpPort _port = null!;

    public Task InitializeAsync()
    {
        _port = Open(new KubeProxyConfiguration());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _port.DisposeAsync();
    }

    [Fact]
    public async Task MetricsAreText()
    {
        HttpReply reply = await http.GetAsync(_port, "/metrics");

        reply.Status.Should().Be(200);
        reply.Header("Content-Type").Should().Be("text/plain; version=0.0.4; charset=utf-8");
        Exposition.Parse(reply.Body).Families.Should().ContainKey("kubernetes_build_info");
    }

    [Fact]
    public async Task OpenMetricsMustBeAskedFor()
    {
        const string Prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

        HttpReply open = await http.GetAsync(_port, "/metrics", accept: Prometheus);
        HttpReply text = await http.GetAsync(_port, "/metrics", accept: "application/openmetrics-text;q=0.1,text/plain");
        HttpReply broken = await http.GetAsync(_port, "/metrics", accept: "/;;=,,application");

        open.Header("Content-Type").Should().Be("application/openmetrics-text; version=1.0.0; charset=utf-8");
        open.Body.Should().EndWith("# EOF\n").And.Contain("# TYPE process_cpu_seconds counter\n");
        text.Header("Content-Type").Should().StartWith("text/plain");
        broken.Header("Content-Type").Should().StartWith("text/plain");
    }

    [Fact]
    public async Task HealthzIsAlwaysWell()
    {
        (await http.GetAsync(_port, "/healthz")).Should().Match<HttpReply>(static reply => reply.Status == 200 && reply.Body == "ok");
        (await http.GetAsync(_port, "/healthz/ping")).Body.Should().Be("ok");
        (await http.GetAsync(_port, "/healthz?verbose")).Body.Should().Be("[+]ping ok\nhealthz check passed\n");
    }

    [Fact]
    public async Task HealthChecksAreCountedUntilReset()
    {
        await http.GetAsync(_port, "/healthz");
        await http.GetAsync(_port, "/healthz");

        Exposition counted = Exposition.Parse((await http.GetAsync(_port, "/metrics/slis")).Body);
        await http.GetAsync(_port, "/metrics/slis", HttpMethod.Delete);
        Exposition reset = Exposition.Parse((await http.GetAsync(_port, "/metrics/slis")).Body);

        counted.Families.Keys.Should().BeEquivalentTo("kubernetes_healthcheck", "kubernetes_healthchecks_total", "process_start_time_seconds");
        counted.Families["kubernetes_healthcheck"].Help.Should().StartWith("[STABLE] ");
        counted.Value("kubernetes_healthcheck", ("name", "ping"), ("type", "healthz")).Should().Be(1);
        counted.Value("kubernetes_healthchecks_total", ("name", "ping"), ("status", "success"), ("type", "healthz")).Should().Be(2);
        reset.Families.Keys.Should().Equal("process_start_time_seconds");
    }

    [Theory]
    [InlineData("", "iptables")]
    [InlineData("nftables", "nftables")]
    [InlineData("ipvs", "ipvs")]
    public async Task TheModeIsPlainText(string configured, string shown)
    {
        await using HttpPort port = Open(new KubeProxyConfiguration { Mode = configured });

        HttpReply reply = await http.GetAsync(port, "/proxyMode");

        reply.Body.Should().Be(shown);
        reply.Header("Content-Type").Should().Be("text/plain; charset=utf-8");
        reply.Header("X-Content-Type-Options").Should().Be("nosniff");
    }

    [Fact]
    public async Task TheConfigurationIsUnderItsGroup()
    {
        HttpReply reply = await http.GetAsync(_port, "/configz");

        reply.Header("Content-Type").Should().Be("application/json");
        reply.Header("X-Content-Type-Options").Should().Be("nosniff");
        using JsonDocument document = JsonDocument.Parse(reply.Body);
        JsonProperty only = document.RootElement.EnumerateObject().Single();
        only.Name.Should().Be("kubeproxy.config.k8s.io");
        only.Value.GetProperty("kind").GetString().Should().Be("KubeProxyConfiguration");
    }

    [Fact]
    public async Task StatusPagesAreTextOrJson()
    {
        HttpReply flags = await http.GetAsync(_port, "/flagz");
        HttpReply flagsJson = await http.GetAsync(_port, "/flagz", accept: "application/json;v=v1alpha1;g=config.k8s.io;as=Flagz");
        HttpReply status = await http.GetAsync(_port, "/statusz");

        flags.Body.Should().EndWith("\nbind-address=0.0.0.0\nv=2\n");
        flagsJson.Body.Should().Be("""{"kind":"Flagz","apiVersion":"config.k8s.io/v1alpha1","metadata":{"name":"kube-proxy"},"flags":{"bind-address":"0.0.0.0","v":"2"}}""");
        status.Body.Should().Contain("\nUp: 0 hr 00 min ").And.Contain("\nPaths: /configz /flagz /healthz /metrics /metrics/slis /proxyMode /statusz\n");
    }

    [Fact]
    public async Task GatesTakeTheStatusPagesAway()
    {
        await using HttpPort port = Open(new KubeProxyConfiguration { FeatureGates = [new("ComponentFlagz", false), new("ComponentStatusz", false)] });

        (await http.GetAsync(port, "/flagz")).Status.Should().Be(404);
        (await http.GetAsync(port, "/statusz")).Status.Should().Be(404);
    }

    [Fact]
    public async Task ProfilesDoNotExistAndSaySoWhenAskedFor()
    {
        await using HttpPort port = Open(new KubeProxyConfiguration { EnableProfiling = true });

        (await http.GetAsync(_port, "/debug/pprof/heap")).Should().Match<HttpReply>(static reply => reply.Status == 404 && reply.Body == "404 page not found\n");
        (await http.GetAsync(port, "/debug/pprof/heap")).Should().Match<HttpReply>(static reply => reply.Status == 404 && reply.Body.Contains("/metrics"));
        (await http.GetAsync(_port, "/metrics/")).Status.Should().Be(404);
    }

    private HttpPort Open(KubeProxyConfiguration configuration)
    {
        MetricsServerOptions options = new() { Configuration = configuration, Flags = [new("bind-address", "0.0.0.0"), new("v", "2")] };
        return http.Open(new MetricsServer(_metrics, options, TimeProvider.System).AnswerAsync);
    }
}
