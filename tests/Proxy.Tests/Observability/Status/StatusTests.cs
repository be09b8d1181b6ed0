using System.Globalization;
using System.Net;
using System.Text.Json;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Status;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;
using KubeProxySharp.Proxy.Tests.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using ManualTimeProvider = KubeProxySharp.Proxy.Tests.Observability.Health.ManualTimeProvider;

namespace KubeProxySharp.Proxy.Tests.Observability.Status;

/// <summary>What was recorded, as document, page and text.</summary>
public sealed class StatusTests : IClassFixture<HttpHostFixture>
{
    private readonly HttpHostFixture _http;
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 8, 21, 9, 0, 1, TimeSpan.Zero));
    private readonly ProxyHealth _health;
    private readonly StatusRecorder _recorder;
    private readonly ProxyMetrics _metrics = Scrape.NewMetrics();
    private readonly StatusSource _source;

    public StatusTests(HttpHostFixture http)
    {
        _http = http;
        _health = new(TimeSpan.FromSeconds(30), _time);
        _recorder = new(_time);
        _source = new(new("node-a", "nftables", "netlink", "6.1.0", IsFromManifests: false, CountsServiceFlows: false), _recorder, _health, _metrics);
        _health.SetNodeEligible(true);
        _health.SyncLoopStarted(IpFamily.IPv4);
    }

    [Fact]
    public void NothingIsHealthyBeforeTheFirstRules()
    {
        StatusReport report = _source.Read();

        report.Health.Should().BeEquivalentTo(new { Healthy = false, Ready = false, Live = true });
        report.Families.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Family = "IPv4", Written = false, LastSync = (object?)null, Contents = (object?)null });
        report.ApiServer.Connected.Should().BeFalse();
        Text(report).Should().Contain("Health        NOT READY\n").And.Contain("rules NOT in the kernel").And.Contain("NOT connected, no event yet");
    }

    [Fact]
    public void WhatTheRulesContainIsCountedWithReasons()
    {
        Write();

        FamilyStatus family = _source.Read().Families[0];

        family.Contents.Should().Be(new RuleContents(1, 1, 1, 3, 1, 1, 1));
        Text(_source.Read()).Should().Contain("1 of 3 endpoints in use (1 not ready, 1 not chosen by policy or hints)").And.Contain("0 s ago: full, 12.5 ms, succeeded");
    }

    [Fact]
    public void DriftRefusalsAndTheApiServerAreNamed()
    {
        Write();
        _health.Drifted(IpFamily.IPv4, "nft (process 7) deleted chain services");
        _recorder.Drifted(IpFamily.IPv4, "nft (process 7) deleted chain services");
        _recorder.ApiFailed("services", "connection refused");
        _metrics.Watches.Entered(WatchedResource.Services, WatchState.BackingOff);
        _time.Advance(TimeSpan.FromSeconds(30));

        StatusReport report = _source.Read();

        report.Health.Healthy.Should().BeFalse();
        report.Families[0].Drift.LastWhat.Should().Be("nft (process 7) deleted chain services");
        Text(report).Should().Contain("not repaired for 30 s: nft (process 7) deleted chain services").And.Contain("services: connection refused (30 s ago)").And.Contain("services backing_off");
    }

    [Fact]
    public void ServicesWithTheMostNewConnectionsAreShownIfTheyAreCounted()
    {
        _source.Read().NewConnections.Should().BeNull();
        ProxyMetrics metrics = Scrape.NewMetrics(hasServiceCounters: true);
        metrics.ServiceConnections.Update(0, [new(new(new("shop", "web"), "http", TransportProtocol.Tcp), 12.5), new(new(new("shop", "api"), "", TransportProtocol.Tcp), 0.01)], static _ => { });

        StatusReport report = new StatusSource(new("node-a", "nftables", "netlink", "6.1.0", IsFromManifests: false, CountsServiceFlows: false), _recorder, _health, metrics).Read();

        Text(report).Should().Contain("Connections   12.5 new per second to shop/web:http\n").And.Contain("              0.01 new per second to shop/api\n");
    }

    [Fact]
    public void ListsAreBounded()
    {
        Write();
        NamespacedName[] many = [.. Enumerable.Range(100, 50).Select(static number => new NamespacedName("shop", $"s{number}"))];
        foreach (NamespacedName name in many)
        {
            _recorder.Refused(name, IpFamily.IPv4, new string('x', 10_000));
        }

        _recorder.SetRefused(many);
        StatusReport report = _source.Read();

        report.Refused.Total.Should().Be(50);
        report.Refused.Items.Should().HaveCount(StatusRecorder.MostItems);
        Text(report).Should().Contain("50 Services have no rules").And.Contain("and 30 more");
        JsonSerializer.SerializeToUtf8Bytes(report, StatusJson.Default.StatusReport).Length.Should().BeLessThan(40_000);
        _recorder.SetRefused([]);
        _source.Read().Refused.Total.Should().Be(0);
    }

    [Fact]
    public async Task TheServerAnswersDocumentAndPageAndTheCommandReadsThem()
    {
        Write();
        await using HttpPort port = _http.Open(new MetricsServer(_metrics, new() { Configuration = new KubeProxyConfiguration(), Status = _source.Read }, _time).AnswerAsync);

        HttpReply document = await _http.GetAsync(port, "/status");
        HttpReply page = await _http.GetAsync(port, "/");

        document.Header("Content-Type").Should().Be("application/json");
        using JsonDocument json = JsonDocument.Parse(document.Body);
        json.RootElement.GetProperty("schemaVersion").GetInt32().Should().Be(1);
        page.Header("Content-Type").Should().Be("text/html; charset=utf-8");
        page.Header("Content-Security-Policy").Should().StartWith("default-src 'none'");
        (await _http.GetAsync(port, "/status", HttpMethod.Post)).Status.Should().Be(404);
        (await RunAsync($"{port.LocalEndPoint}")).Should().Be((0, Text(_source.Read()), ""));
        _health.SetNodeEligible(false);
        (await RunAsync($"{port.LocalEndPoint}")).ExitCode.Should().Be(2);
    }

    [Fact]
    public async Task WithoutAnAgentTheExitCodeIsThree()
    {
        (int exitCode, string output, string errors) = await RunAsync($"127.0.0.1:{HttpHostFixture.FreePort()}");

        (exitCode, output).Should().Be((3, ""));
        errors.Should().StartWith("error: no agent answers at http://127.0.0.1:").And.Contain("--metrics-address");
    }

    [Fact]
    public async Task AnotherServerIsAnError()
    {
        await using HttpPort port = _http.Open(static context => Responses.WriteTextAsync(context, "{\"schemaVersion\":7}"));

        (int exitCode, _, string errors) = await RunAsync($"{port.LocalEndPoint}");

        exitCode.Should().Be(1);
        errors.Should().Contain("has another form");
    }

    [Fact]
    public void ThePageEscapesAndLoadsNothing()
    {
        Write();
        _recorder.Refused(Samples.Web, IpFamily.IPv4, "<script>alert(1)</script>");
        string page = StatusPage.Write(_source.Read());

        page.Should().NotContain("<script").And.Contain("&lt;script&gt;").And.NotContain("http:").And.NotContain("https:").And.NotContain("src=");
    }

    [SkippableTheory]
    [Trait("Category", "Browser")]
    [InlineData(1400)]
    [InlineData(390)]
    public async Task ABrowserShowsThePageWithoutScrollingSideways(int width)
    {
        Skip.If(Browser.Path is null, "no chromium here (apt-get install chromium)");
        Write();
        _recorder.Refused(Samples.Web, IpFamily.IPv4, new string('x', 300));

        // In a frame, because a window of the browser is not narrower than 500 pixels.
        string dom = await Browser.ShowAsync($"<title>x</title><iframe style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{WebUtility.HtmlEncode(StatusPage.Write(_source.Read()))}\" onload=\"document.title = 'width ' + this.contentDocument.documentElement.scrollWidth\"></iframe>");

        dom.Should().Contain("shop/web").And.Contain("1 of 3 endpoints in use");
        int.Parse(dom.Split("<title>width ")[1].Split('<')[0], CultureInfo.InvariantCulture).Should().BeLessThanOrEqualTo(width);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string address)
    {
        using MemoryStream output = new();
        using StringWriter errors = new();
        CommandStreams streams = new(static () => Stream.Null, () => output, errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        int exitCode = await new StatusCommand(streams, TimeProvider.System).RunAsync(new() { Address = address }, CancellationToken.None);
        return (exitCode, System.Text.Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }

    private static string Text(StatusReport report)
    {
        using StringWriter text = new() { NewLine = "\n" };
        StatusText.Write(report, text, isTerminal: false);
        return text.ToString();
    }

    /// <summary>One Service with an endpoint that is ready, one that is not, and one that others replace while it terminates.</summary>
    private void Write()
    {
        _health.SyncSucceeded(IpFamily.IPv4, _time.GetTimestamp(), isFull: true);
        EndpointSlice slice = Samples.Slice(Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6", ""), Samples.Endpoint("10.244.1.7", "serving terminating"));
        _recorder.Synced(IpFamily.IPv4, new(_time.GetUtcNow(), 12.5, "full", Succeeded: true, null), Samples.Model([Samples.Service], [slice]).IPv4);
    }
}
