using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

/// <summary>Spec 9.2 and the cases of 15.8 over the wire.</summary>
public sealed class ServiceHealthServerTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>
{
    private static readonly NamespacedName s_web = new("ns1", "svc1");
    private static readonly NamespacedName s_other = new("ns2", "svc2");

    private readonly int _port = HttpHostFixture.FreePort();
    private readonly List<string> _failures = [];
    private bool _isProxyHealthy = true;
    private bool _areRulesWritten = true;
    private NodePortAddresses _addresses = new(MatchesAll: true, default, ContainsIPv4Loopback: false);

    [Fact]
    public async Task AnswersAreThoseOfTheSpecification()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 2)));

        HttpReply reply = await http.SendAsync($"http://127.0.0.1:{_port}/any/path", HttpMethod.Post);

        reply.Status.Should().Be(200);
        reply.Body.Should().Be("{\n\t\"service\": {\n\t\t\"namespace\": \"ns1\",\n\t\t\"name\": \"svc1\"\n\t},\n\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}");
        reply.Header("Content-Type").Should().Be("application/json");
        reply.Header("X-Content-Type-Options").Should().Be("nosniff");
        reply.Header("X-Load-Balancing-Endpoint-Weight").Should().Be("2");
    }

    [Fact]
    public async Task WithoutEndpointsOrHealthTheAnswerIs503()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 0)));
        (await GetAsync()).Status.Should().Be(503);

        await ReconcileAsync(server, (s_web, new(_port, 3)));
        (await GetAsync()).Status.Should().Be(200);
        _isProxyHealthy = false;
        HttpReply unhealthy = await GetAsync();

        unhealthy.Status.Should().Be(503);
        unhealthy.Header("X-Load-Balancing-Endpoint-Weight").Should().Be("3");
        unhealthy.Body.Should().Contain("\"localEndpoints\": 3,\n\t\"serviceProxyHealthy\": false");
    }

    [Fact]
    public async Task WithoutRulesInTheKernelThereAreNoLocalEndpoints()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 3)));
        _areRulesWritten = false;
        HttpReply reply = await GetAsync();

        reply.Status.Should().Be(503);
        reply.Header("X-Load-Balancing-Endpoint-Weight").Should().Be("0");
        reply.Body.Should().Contain("\"localEndpoints\": 0");
        _areRulesWritten = true;
        (await GetAsync()).Body.Should().Contain("\"localEndpoints\": 3", "they are back");
    }

    [Fact]
    public async Task VanishedServicesAreClosed()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        await GetAsync();
        await ReconcileAsync(server);

        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task APortCanMoveFromOneServiceToAnother()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        await ReconcileAsync(server, (s_other, new(_port, 1)));

        (await GetFreshAsync()).Body.Should().Contain("svc2");
        _failures.Should().BeEmpty();
    }

    [Fact]
    public async Task AChangedPortIsOpenedAnew()
    {
        int newPort = HttpHostFixture.FreePort();
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        await ReconcileAsync(server, (s_web, new(newPort, 4)));

        (await http.SendAsync($"http://127.0.0.1:{newPort}/")).Header("X-Load-Balancing-Endpoint-Weight").Should().Be("4");
        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task AnotherServiceDoesNotDisturb()
    {
        int otherPort = HttpHostFixture.FreePort();
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        await ReconcileAsync(server, (s_web, new(_port, 1)), (s_other, new(otherPort, 0)));

        (await GetAsync()).Status.Should().Be(200);
        (await http.SendAsync($"http://127.0.0.1:{otherPort}/")).Status.Should().Be(503);
    }

    [Fact]
    public async Task APortInUseIsReportedAndTriedAgain()
    {
        using Socket occupant = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        occupant.Bind(new IPEndPoint(IPAddress.Any, _port));
        occupant.Listen();
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        _failures.Should().ContainSingle().Which.Should().StartWith($"ns1/svc1 node n1 failed to start healthcheck \"ns1/svc1\" on port {_port}: cannot listen on 0.0.0.0:{_port}: ");
        occupant.Dispose();
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        (await GetFreshAsync()).Status.Should().Be(200);
    }

    [Fact]
    public async Task AFailureOfOneAddressClosesTheOthers()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4, "127.0.0.1", "198.51.100.77");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        _failures.Should().ContainSingle();
        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task OnlyMatchingAddressesAreListenedOn()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4, "127.0.0.1");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        (await GetAsync()).Status.Should().Be(200);
        await FluentActions.Awaiting(() => http.SendAsync($"http://127.0.0.2:{_port}/")).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task NoMatchingAddressMeansNoListenerAndNoFailure()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4, "skip", "skip");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        _failures.Should().BeEmpty();
        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();
    }

    /// <summary>Of the addresses of loopback, as a node's interface gets others by DHCP.</summary>
    [Fact]
    public async Task ListenersFollowTheAddressesOfTheNode()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4, "127.0.0.1", "127.0.0.2");
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        _addresses = At("127.0.0.2", "127.0.0.3");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        (await GetFromAsync("127.0.0.2")).Status.Should().Be(200);
        (await GetFromAsync("127.0.0.3")).Status.Should().Be(200);
        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();
        _failures.Should().BeEmpty();
    }

    [Fact]
    public async Task ListenersMoveFromAllAddressesToOneAndToNoneAndBack()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        _addresses = At("127.0.0.2");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        (await GetFromAsync("127.0.0.2")).Status.Should().Be(200);
        await FluentActions.Awaiting(GetFreshAsync).Should().ThrowAsync<HttpRequestException>();

        _addresses = At("skip");
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        _addresses = At();
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        (await GetFreshAsync()).Status.Should().Be(200);
        _failures.Should().BeEmpty();
    }

    [Fact]
    public async Task AnAddressThatCannotBeOpenedLeavesOpenWhatWas()
    {
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4, "127.0.0.1");
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        _addresses = At("127.0.0.1", "198.51.100.77");
        await ReconcileAsync(server, (s_web, new(_port, 1)));

        _failures.Should().ContainSingle();
        (await GetFreshAsync()).Status.Should().Be(200);
    }

    [SkippableFact]
    public async Task TheTwoFamiliesShareAPortWithTheirOwnCounts()
    {
        Skip.IfNot(Socket.OSSupportsIPv6, "no IPv6");
        await using ServiceHealthServer ipv4 = NewServer(IpFamily.IPv4);
        await using ServiceHealthServer ipv6 = NewServer(IpFamily.IPv6);
        await ReconcileAsync(ipv6, (s_web, new(_port, 6)));
        await ReconcileAsync(ipv4, (s_web, new(_port, 4)));

        (await GetAsync()).Header("X-Load-Balancing-Endpoint-Weight").Should().Be("4");
        (await http.SendAsync($"http://[::1]:{_port}/")).Header("X-Load-Balancing-Endpoint-Weight").Should().Be("6");
    }

    [Fact]
    public async Task AConnectionOfARemovedServiceGetsAnEmptyAnswerAtMost()
    {
        using TcpClient client = new();
        await using ServiceHealthServer server = NewServer(IpFamily.IPv4);
        await ReconcileAsync(server, (s_web, new(_port, 1)));
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n"u8.ToArray());
        await ReconcileAsync(server);
        string answer = "";
        try
        {
            await client.GetStream().WriteAsync("\r\n"u8.ToArray());
            using StreamReader reader = new(client.GetStream());
            answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // Closed without an answer: fine too.
        }

        answer.Should().NotContain("localEndpoints");
    }

    private Task ReconcileAsync(ServiceHealthServer server, params (NamespacedName Service, ServiceHealthCheck Check)[] wanted) =>
        server.ReconcileAsync(wanted.ToDictionary(static item => item.Service, static item => item.Check), _addresses);

    private Task<HttpReply> GetFromAsync(string address) => http.SendAsync($"http://{address}:{_port}/");

    private static NodePortAddresses At(params string[] addresses) =>
        new(addresses.Length == 0, [.. addresses.Where(static text => text != "skip").Select(IpAddress.Parse)], ContainsIPv4Loopback: false);

    private Task<HttpReply> GetAsync() => http.SendAsync($"http://127.0.0.1:{_port}/");

    private async Task<HttpReply> GetFreshAsync()
    {
        using HttpClient client = new();
        using HttpResponseMessage response = await client.GetAsync(new Uri($"http://127.0.0.1:{_port}/"));
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(), new Dictionary<string, string>());
    }

    private ServiceHealthServer NewServer(IpFamily family, params string[] addresses)
    {
        _addresses = At(addresses);
        return new(
            http.Host,
            new ServiceHealthOptions
            {
                Family = family,
                IsProxyHealthy = () => _isProxyHealthy,
                AreRulesWritten = () => _areRulesWritten,
                NodeName = "n1",
                Failed = (service, note) => _failures.Add($"{service} {note}"),
            },
            TimeProvider.System,
            NullLogger.Instance);
    }
}
