using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Health;
using KubeProxySharp.Proxy.Tests.Observability.Metrics;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>What a client may cost, and that ports do not disturb each other.</summary>
public sealed class HttpHostTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>
{
    [Fact]
    public async Task PortsAnswerEachForThemselves()
    {
        await using HttpPort first = http.Open(static context => Responses.WriteTextAsync(context, "first"));
        await using HttpPort second = http.Open(static context => Responses.WriteTextAsync(context, "second"));

        (await http.GetAsync(first, "/")).Body.Should().Be("first");
        (await http.GetAsync(second, "/")).Body.Should().Be("second");
    }

    [Fact]
    public async Task OfMoreConnectionsThanTheLimitThoseThatWaitForNothingGo()
    {
        ManualTimeProvider time = new(DateTimeOffset.UnixEpoch);
        ProxyMetrics metrics = Scrape.NewMetrics();
        await using HttpHost host = await HttpHost.StartAsync(metrics.Connections, time, new RecordingLogger(), CancellationToken.None);
        await using HttpPort port = host.Open(HttpHostFixture.Loopback, HttpHostFixture.Limits(2), static context => Responses.WriteTextAsync(context, "ok"));
        using TcpClient first = await ConnectAsync(port);
        (await AskAsync(first)).Should().Contain("200 OK");
        using TcpClient second = await ConnectAsync(port);
        (await AskAsync(second)).Should().Contain("200 OK");
        await WaitingAsync(time, 2);
        (await AskAsync(first)).Should().Contain("200 OK");
        await WaitingAsync(time, 2);

        using TcpClient third = await ConnectAsync(port);
        (await AskAsync(third)).Should().Contain("200 OK");

        (await AskAsync(second)).Should().BeEmpty("it had waited longest");
        (await AskAsync(first)).Should().Contain("200 OK");
    }

    /// <summary>Idle connections and heads that never end switched a port off for all others.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
    public async Task AProbeIsAnsweredHoweverManyConnectionsAreIdle(string sent)
    {
        foreach (ConnectionLimits limits in (ConnectionLimits[])[HttpLimits.Health, HttpLimits.Metrics, HttpLimits.ServiceHealth])
        {
            await using HttpPort port = http.Host.Open(HttpHostFixture.Loopback, limits, static context => Responses.WriteTextAsync(context, "ok"));
            List<TcpClient> idle = [];
            for (int count = 0; count < limits.Most + 10; count++)
            {
                TcpClient client = await ConnectAsync(port);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
                idle.Add(client);
            }

            (await AskAnewAsync(port)).Should().Contain("200 OK", limits.Server);
            idle.ForEach(static client => client.Dispose());
        }
    }

    [Fact]
    public async Task WhoIsBeingAnsweredIsNotDisturbedAndWhatHadToGoIsToldOnce()
    {
        RecordingLogger log = new();
        ManualTimeProvider time = new(DateTimeOffset.UnixEpoch);
        ProxyMetrics metrics = Scrape.NewMetrics();
        await using HttpHost host = await HttpHost.StartAsync(metrics.Connections, time, log, CancellationToken.None);
        TaskCompletionSource answer = new();
        using SemaphoreSlim asked = new(0);
        await using HttpPort port = host.Open(HttpHostFixture.Loopback, HttpHostFixture.Limits(2), async context =>
        {
            asked.Release();
            await answer.Task;
            await Responses.WriteTextAsync(context, "ok");
        });
        using TcpClient first = await ConnectAsync(port);
        using TcpClient second = await ConnectAsync(port);
        Task<string> firstAnswer = AskAsync(first);
        Task<string> secondAnswer = AskAsync(second);
        await asked.WaitAsync(TimeSpan.FromSeconds(30));
        await asked.WaitAsync(TimeSpan.FromSeconds(30));

        (await AskAnewAsync(port)).Should().BeEmpty();
        (await AskAnewAsync(port)).Should().BeEmpty();
        answer.SetResult();
        (await firstAnswer).Should().Contain("200 OK");
        (await secondAnswer).Should().Contain("200 OK");
        await WaitingAsync(time, 2);
        (await AskAnewAsync(port)).Should().Contain("200 OK");
        log.Lines.Should().ContainSingle().Which.Should().Be($"More clients than the 2 connections of the test port {port.LocalEndPoint}: 0 that sent no request were closed to make room, 1 new ones were refused. This is said once a minute; kubeproxysharp_http_connections_closed_total counts on");
        Exposition exposition = Scrape.Read(metrics);
        exposition.Value("kubeproxysharp_http_connections_closed_total", ("reason", "refused"), ("server", "test")).Should().Be(2);
        exposition.Value("kubeproxysharp_http_connections_closed_total", ("reason", "evicted"), ("server", "test")).Should().Be(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task AConnectionThatStaysIdleIsClosedAfterItsTime(string sent)
    {
        ManualTimeProvider time = new(DateTimeOffset.UnixEpoch);
        ProxyMetrics metrics = Scrape.NewMetrics();
        await using HttpHost host = await HttpHost.StartAsync(metrics.Connections, time, new RecordingLogger(), CancellationToken.None);
        await using HttpPort port = host.Open(HttpHostFixture.Loopback, HttpLimits.ServiceHealth, static context => Responses.WriteTextAsync(context, "ok"));
        using TcpClient client = await ConnectAsync(port);
        if (sent.Length != 0)
        {
            (await AskAsync(client, sent)).Should().Contain("200 OK");
        }

        await WaitingAsync(time, 1);
        time.Advance(HttpLimits.ServiceHealth.IdleLimit);

        (await IsClosedAsync(client)).Should().BeTrue();
    }

    [Theory]
    [InlineData("GET /PATH HTTP/1.1\r\nHost: x\r\n\r\n", 5000, "414")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX-Long: PATH\r\n\r\n", 20000, "431")]
    public async Task LongHeadsAreRefused(string template, int length, string status)
    {
        await using HttpPort port = http.Open(static context => Responses.WriteTextAsync(context, "ok"));
        using TcpClient client = await ConnectAsync(port);

        string answer = await AskAsync(client, template.Replace("PATH", new string('a', length), StringComparison.Ordinal));

        answer.Should().StartWith("HTTP/1.1 " + status);
    }

    [Fact]
    public async Task AFaultOfAnAnswerIsA500AndNoMore()
    {
        await using HttpPort port = http.Open(static context => context.Request.Path == "/bad" ? throw new InvalidOperationException("secret") : Responses.WriteTextAsync(context, "ok"));

        (await http.GetAsync(port, "/bad")).Should().Match<HttpReply>(static reply => reply.Status == 500 && reply.Body.Length == 0);
        await EventuallyAsync(() => Task.FromResult(http.Faults.Count != 0)); // logged after the answer went out
        http.Faults.Should().ContainSingle().Which.Message.Should().Be("secret");
        (await http.GetAsync(port, "/")).Body.Should().Be("ok");
    }

    [SkippableFact]
    public async Task AnUnspecifiedBindAddressTakesBothFamilies()
    {
        Skip.IfNot(Socket.OSSupportsIPv6, "no IPv6");
        ListenPoint point = ListenPoint.FromBindAddress("0.0.0.0:0");
        await using HttpPort port = http.Host.Open(point, HttpHostFixture.Limits(8), static context => Responses.WriteTextAsync(context, "ok"));

        (await http.SendAsync($"http://127.0.0.1:{port.LocalEndPoint.Port}/")).Body.Should().Be("ok");
        (await http.SendAsync($"http://[::1]:{port.LocalEndPoint.Port}/")).Body.Should().Be("ok");
    }

    [Theory]
    [InlineData("")]
    [InlineData("10256")]
    [InlineData("localhost:10256")]
    [InlineData("127.0.0.1:65536")]
    public void BadBindAddressesAreNamed(string text) =>
        FluentActions.Invoking(() => ListenPoint.FromBindAddress(text)).Should().Throw<FormatException>().WithMessage($"cannot listen on \"{text}\": give *");

    private static async Task<TcpClient> ConnectAsync(HttpPort port)
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port.LocalEndPoint.Port);
        return client;
    }

    private static async Task<string> AskAnewAsync(HttpPort port)
    {
        try
        {
            using TcpClient client = await ConnectAsync(port);
            return await AskAsync(client);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> AskAsync(TcpClient client, string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    {
        byte[] answer = new byte[4096];
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            int length = await client.GetStream().ReadAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            return Encoding.ASCII.GetString(answer, 0, length);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>An answer goes out before its connection begins to wait for the next request, which sets a timer.</summary>
    /// <summary>Whether the server ends the connection; with a reset if it had not begun to serve it.</summary>
    private static async Task<bool> IsClosedAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(30)) == 0;
        }
        catch (IOException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return true;
        }
    }

    private static Task WaitingAsync(ManualTimeProvider time, int connections) => EventuallyAsync(() => Task.FromResult(time.TimerCount == connections));

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, bound.Token);
        }
    }
}
