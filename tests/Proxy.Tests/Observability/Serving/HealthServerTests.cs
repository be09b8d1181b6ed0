using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Health;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>Spec 9.1 over the wire.</summary>
public sealed class HealthServerTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 8, 21, 9, 0, 1, TimeSpan.Zero));

    [Fact]
    public async Task AnswersHaveStatusBodyAndHeadersOfTheSpecification()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        ProxyHealth health = new(TimeSpan.FromSeconds(30), _time);
        health.SetNodeEligible(true);
        health.SyncLoopStarted(IpFamily.IPv4);
        health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp());
        await using HttpPort port = http.Open(new HealthServer(health, metrics.Probes).AnswerAsync);

        HttpReply well = await http.GetAsync(port, "/healthz");
        health.SetNodeEligible(false);
        HttpReply leaving = await http.GetAsync(port, "/healthz", HttpMethod.Post);
        HttpReply alive = await http.GetAsync(port, "/livez?");
        HttpReply ready = await http.GetAsync(port, "/readyz");

        well.Status.Should().Be(200);
        well.Body.Should().Be("""{"lastUpdated":"2026-08-21T09:00:01Z","currentTime":"2026-08-21T09:00:01Z","nodeEligible":true,"healthy":true,"status":{"IPv4":{"lastUpdated":"2026-08-21T09:00:01Z","healthy":true}}}""");
        well.Header("Content-Type").Should().Be("application/json");
        well.Header("X-Content-Type-Options").Should().Be("nosniff");
        well.Header("Server").Should().BeEmpty();
        leaving.Status.Should().Be(503);
        leaving.Body.Should().Contain("\"nodeEligible\":false,\"healthy\":true");
        alive.Status.Should().Be(200);
        ready.Status.Should().Be(200, "its rules are there");
        ready.Body.Should().Be(alive.Body);
        Exposition exposition = Scrape.Read(metrics);
        exposition.Value("kubeproxy_proxy_healthz_total", ("code", "200")).Should().Be(1);
        exposition.Value("kubeproxy_proxy_healthz_total", ("code", "503")).Should().Be(1);
        exposition.Value("kubeproxy_proxy_livez_total", ("code", "200")).Should().Be(1);
    }

    [Fact]
    public async Task VerboseSaysWhyWithTheSameStatus()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        ProxyHealth health = new(TimeSpan.FromSeconds(30), _time);
        health.SyncLoopStarted(IpFamily.IPv6);
        health.SyncSucceeded(IpFamily.IPv6, _time.GetTimestamp());
        await using HttpPort port = http.Open(new HealthServer(health, metrics.Probes).AnswerAsync);

        HttpReply reply = await http.GetAsync(port, "/healthz?verbose");

        reply.Status.Should().Be(503);
        reply.Header("Content-Type").Should().Be("text/plain; charset=utf-8");
        reply.Body.Should().StartWith("[+]IPv6 ok: rules current at 2026-08-21T09:00:01Z\n[-]node failed: ").And.EndWith("healthz check failed\n");
    }

    [Fact]
    public async Task WhatTheStartWaitsForIsNoFaultButSaid()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        ProxyHealth health = new(TimeSpan.FromSeconds(30), _time);
        health.WaitsFor("the API server");
        await using HttpPort port = http.Open(new HealthServer(health, metrics.Probes).AnswerAsync);

        (await http.GetAsync(port, "/livez")).Status.Should().Be(200);
        (await http.GetAsync(port, "/livez?verbose")).Body.Should().Be("[+]start waits for the API server\nlivez check passed\n");
        HttpReply reply = await http.GetAsync(port, "/healthz");
        reply.Status.Should().Be(503);
        reply.Body.Should().Be("""{"lastUpdated":"0001-01-01T00:00:00Z","currentTime":"2026-08-21T09:00:01Z","nodeEligible":false,"healthy":false,"waitsFor":"the API server"}""");
        (await http.GetAsync(port, "/healthz?verbose")).Body.Should().StartWith("[-]start waits for the API server\n");

        health.WaitsFor("");
        (await http.GetAsync(port, "/healthz?verbose")).Body.Should().NotContain("waits");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/healthz/")]
    [InlineData("/Healthz")]
    [InlineData("/metrics")]
    public async Task OtherPathsDoNotExist(string path)
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        await using HttpPort port = http.Open(new HealthServer(new ProxyHealth(TimeSpan.FromSeconds(30), _time), metrics.Probes).AnswerAsync);

        HttpReply reply = await http.GetAsync(port, path);

        http.Faults.Should().BeEmpty();
        (reply.Status, reply.Body).Should().Be((404, "404 page not found\n"));
    }
}
