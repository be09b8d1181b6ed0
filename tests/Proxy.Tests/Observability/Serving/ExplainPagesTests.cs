using System.Net;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>What <c>/explain</c> costs and refuses, whatever writes the page.</summary>
public sealed class ExplainPagesTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>
{
    private const string Path = "/explain?to=svc%3Ashop%2Fweb%3A80%2Ftcp&from=node";

    private readonly ProxyMetrics _metrics = Scrape.NewMetrics();
    private IReadOnlyList<FamilyRules> _rules = [Samples.Model([Samples.Service], []).IPv4];

    [Fact]
    public async Task TheQuestionIsPassedOnAndThePageSent()
    {
        await using HttpPort port = Open(static (rules, request) => new($"<p>{rules.Count} {request.From} {request.To}</p>", IsAnswered: true));

        HttpReply reply = await http.GetAsync(port, Path);

        reply.Status.Should().Be(200);
        reply.Body.Should().Be("<p>1 node svc:shop/web:80/tcp</p>");
        reply.Header("Content-Type").Should().Be("text/html; charset=utf-8");
        reply.Header("Content-Security-Policy").Should().StartWith("default-src 'none'").And.Contain("form-action 'self'").And.Contain("frame-ancestors 'none'");
        reply.Header("Cache-Control").Should().Be("no-store");
        (await http.GetAsync(port, "/explain")).Body.Should().Be("<p>1 outside </p>", "a client outside is meant if nothing else is said");
    }

    [Fact]
    public async Task OnlyGetsOfModestLengthFromTheSameSiteAreAnswered()
    {
        int calls = 0;
        await using HttpPort port = Open((_, _) =>
        {
            calls++;
            return new("", IsAnswered: true);
        });

        HttpReply post = await http.GetAsync(port, Path, HttpMethod.Post);
        (post.Status, post.Header("Allow")).Should().Be((405, "GET"));
        (await http.GetAsync(port, Path, HttpMethod.Head)).Status.Should().Be(405);
        (await http.GetAsync(port, "/explain?to=" + new string('x', ExplainPages.LongestText + 1))).Status.Should().Be(400);
        (await http.GetAsync(port, "/explain?from=" + new string('x', ExplainPages.LongestText + 1))).Status.Should().Be(400);
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{port.LocalEndPoint}{Path}");
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using HttpResponseMessage response = await http.Client.SendAsync(request);
        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        calls.Should().Be(0);
    }

    [Fact]
    public async Task AWrongQuestionIsABadRequest()
    {
        await using HttpPort port = Open(static (_, _) => new("wrong", IsAnswered: false));

        (await http.GetAsync(port, Path)).Should().Match<HttpReply>(static reply => reply.Status == 400 && reply.Body == "wrong");
    }

    [Fact]
    public async Task NothingIsSaidBeforeTheFirstRules()
    {
        _rules = [];
        await using HttpPort port = Open(static (_, _) => throw new InvalidOperationException());

        HttpReply reply = await http.GetAsync(port, Path);

        (reply.Status, reply.Header("Retry-After")).Should().Be((503, "5"));
    }

    /// <summary>A second question does not wait, and metrics are answered meanwhile; a question that fails leaves the way free.</summary>
    [Fact]
    public async Task OneQuestionIsAnsweredAtATime()
    {
        using ManualResetEventSlim release = new();
        using SemaphoreSlim begun = new(0);
        bool fails = false;
        await using HttpPort port = Open((_, _) =>
        {
            begun.Release();
            release.Wait();
            return fails ? throw new InvalidOperationException() : new("first", IsAnswered: true);
        });
        Task<HttpReply> first = http.GetAsync(port, Path);
        await begun.WaitAsync();

        HttpReply second = await http.GetAsync(port, Path);
        (second.Status, second.Header("Retry-After")).Should().Be((503, "1"));
        (await http.GetAsync(port, "/proxyMode")).Status.Should().Be(200);
        release.Set();
        (await first).Body.Should().Be("first");

        fails = true;
        (await http.GetAsync(port, Path)).Status.Should().Be(500);
        fails = false;
        (await http.GetAsync(port, Path)).Status.Should().Be(200);
    }

    /// <summary>The client is answered at the limit, and others are refused until the thread has ended.</summary>
    [Fact]
    public async Task AnAnswerThatTakesTooLongIsNotWaitedFor()
    {
        ManualTimeProvider time = new();
        using ManualResetEventSlim release = new();
        using SemaphoreSlim begun = new(0);
        await using HttpPort port = Open(
            (_, _) =>
            {
                begun.Release();
                release.Wait();
                return new("late", IsAnswered: true);
            },
            time);
        Task<HttpReply> first = http.GetAsync(port, Path);
        await begun.WaitAsync();
        while (!first.IsCompleted)
        {
            time.Advance(ExplainPages.Limit);
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
        }

        HttpReply late = await first;
        (late.Status, late.Header("Retry-After")).Should().Be((503, "30"));
        (await http.GetAsync(port, Path)).Body.Should().Contain("another question");
        release.Set();
    }

    [Fact]
    public async Task WithoutAWriterThereIsNoPage()
    {
        await using HttpPort port = http.Open(new MetricsServer(_metrics, new() { Configuration = new KubeProxyConfiguration() }, TimeProvider.System).AnswerAsync);

        (await http.GetAsync(port, Path)).Status.Should().Be(404);
    }

    private HttpPort Open(ExplainPageWriter write, TimeProvider? time = null) =>
        http.Open(new MetricsServer(_metrics, new() { Configuration = new KubeProxyConfiguration(), Rules = () => _rules, Explain = write }, time ?? TimeProvider.System).AnswerAsync);
}
