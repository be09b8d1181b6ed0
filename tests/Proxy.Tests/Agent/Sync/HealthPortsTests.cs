using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

/// <summary>A health-check node port that is busy, on a cluster where nothing else happens.</summary>
public sealed class HealthPortsTests : IClassFixture<HttpHostFixture>, IAsyncLifetime, IDisposable
{
    private static readonly NamespacedName s_web = new("d", "x");
    private static readonly NamespacedName s_other = new("d", "y");
    private static readonly NodePortAddresses s_everywhere = new(MatchesAll: true, default, ContainsIPv4Loopback: true);

    private readonly HttpHostFixture _http;
    private readonly RecordingLogger _log = new();
    private readonly List<string> _events = [];
    private readonly CancellationTokenSource _end = new();
    private readonly int _port = HttpHostFixture.FreePort();
    private readonly ServiceHealthServer _server;
    private readonly HealthPorts _ports;
    private readonly Socket _occupant = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private Task _running = Task.CompletedTask;

    public HealthPortsTests(HttpHostFixture http)
    {
        _http = http;
        ServiceHealthOptions options = new()
        {
            Family = IpFamily.IPv4,
            IsProxyHealthy = static () => true,
            NodeName = "node-a",
            Failed = (service, note) => _events.Add($"{service}: {note}"),
        };
        _server = new(http.Host, options, TimeProvider.System, _log);
        _ports = new(new Dictionary<IpFamily, ServiceHealthServer> { [IpFamily.IPv4] = _server }, TimeProvider.System);
    }

    public Task InitializeAsync()
    {
        _occupant.Bind(new IPEndPoint(IPAddress.Any, _port));
        _occupant.Listen();
        _running = _ports.RunAsync(_end.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _end.CancelAsync();
        await FluentActions.Awaiting(() => _running).Should().ThrowAsync<OperationCanceledException>();
        await _server.DisposeAsync();
    }

    public void Dispose()
    {
        _occupant.Dispose();
        _end.Dispose();
    }

    [Fact]
    public async Task ABusyPortIsOpenedOnceItIsFreeWithoutAnySync()
    {
        Want((s_web, 3));
        await UntilAsync(static server => server.UntilRetry is not null);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System); // some attempts fail
        _occupant.Dispose();

        await UntilAsync(static server => server.UntilRetry is null);

        (await _http.SendAsync($"http://127.0.0.1:{_port}/")).Header("X-Load-Balancing-Endpoint-Weight").Should().Be("3");
        _events.Should().ContainSingle().Which.Should().StartWith($"d/x: node node-a failed to start healthcheck \"d/x\" on port {_port}: cannot listen on 0.0.0.0:{_port}: ");
        _log.Lines.Should().Equal(
            $"IPv4 health check of d/x does not listen on port {_port}; it is tried again until it does",
            $"IPv4 health check of d/x listens on port {_port} after all");
    }

    [Fact]
    public async Task AServiceThatGoesMeanwhileIsNotOpened()
    {
        Want((s_web, 3));
        await UntilAsync(static server => server.UntilRetry is not null);
        Want();
        await UntilAsync(static server => server.UntilRetry is null);
        _occupant.Dispose();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);

        await FluentActions.Awaiting(() => _http.SendAsync($"http://127.0.0.1:{_port}/")).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task OfTwoServicesWithOnePortTheSecondFollowsTheFirst()
    {
        _occupant.Dispose();
        Want((s_web, 1), (s_other, 2));
        await UntilAsync(static server => server.UntilRetry is not null);
        Want((s_other, 2));
        await UntilAsync(static server => server.UntilRetry is null);

        (await _http.SendAsync($"http://127.0.0.1:{_port}/")).Body.Should().Contain("\"name\": \"y\"");
        _events.Should().ContainSingle();
    }

    private void Want(params (NamespacedName Service, int LocalEndpoints)[] services) => _ports.Update(
        IpFamily.IPv4,
        services.ToDictionary(static item => item.Service, item => new ServiceHealthCheck(_port, item.LocalEndpoints)),
        s_everywhere);

    private async Task UntilAsync(Func<ServiceHealthServer, bool> condition)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(60));
        while (!condition(_server))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }
}
