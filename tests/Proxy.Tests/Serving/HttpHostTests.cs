using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeProxySharp.Proxy.Serving;

namespace KubeProxySharp.Proxy.Tests.Serving;

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
    public async Task ConnectionsBeyondTheLimitAreClosedAndRoomIsGivenBack()
    {
        await using HttpPort port = http.Host.Open(HttpHostFixture.Loopback, 2, static context => Responses.WriteTextAsync(context, "ok"));
        TcpClient first = await ConnectAsync(port);
        using TcpClient second = await ConnectAsync(port);
        (await AskAsync(first)).Should().Contain("200 OK");
        (await AskAsync(second)).Should().Contain("200 OK");

        (await AskAnewAsync(port)).Should().BeEmpty();
        first.Dispose();
        await EventuallyAsync(async () => (await AskAnewAsync(port)).Contains("200 OK", StringComparison.Ordinal));
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
        await using HttpPort port = http.Host.Open(point, 8, static context => Responses.WriteTextAsync(context, "ok"));

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

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, bound.Token);
        }
    }
}
