using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Tests.Observability.Health;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Observability.Serving;

public sealed class ListenLoopTests(HttpHostFixture http) : IClassFixture<HttpHostFixture>
{
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 8, 21, 9, 0, 1, TimeSpan.Zero));
    private readonly List<string> _failures = [];

    [Fact]
    public async Task AnAddressInUseIsTriedAgainAfterFiveSeconds()
    {
        using Socket occupant = Occupy(out ListenPoint point);
        using CancellationTokenSource ending = new();
        TaskCompletionSource<HttpPort> opened = new();
        Task loop = NewLoop(point, isFailureFinal: false).RunAsync(static context => Responses.WriteTextAsync(context, "ok"), opened.SetResult, ending.Token);
        await UntilAsync(() => _time.TimerCount == 1);
        _failures.Should().ContainSingle().Which.Should().StartWith($"cannot listen on {point}: ");

        _time.Advance(ListenLoop.RetryInterval - TimeSpan.FromTicks(1));
        _failures.Should().HaveCount(1);
        _time.Advance(TimeSpan.FromTicks(1));
        await UntilAsync(() => _failures.Count == 2 && _time.TimerCount == 1);
        occupant.Dispose();
        _time.Advance(ListenLoop.RetryInterval);

        HttpPort port = await opened.Task.WaitAsync(TimeSpan.FromSeconds(30));
        (await http.GetAsync(port, "/")).Body.Should().Be("ok");
        await ending.CancelAsync();
        await loop.WaitAsync(TimeSpan.FromSeconds(30));
        port.Completion.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task AFinalFailureIsToldFirst()
    {
        using Socket occupant = Occupy(out ListenPoint point);

        Func<Task> run = () => NewLoop(point, isFailureFinal: true).RunAsync(static _ => default, static _ => { }, CancellationToken.None);

        await run.Should().ThrowAsync<IOException>();
        _failures.Should().ContainSingle();
    }

    private static Socket Occupy(out ListenPoint point)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        point = ListenPoint.Of(IpAddress.Parse("127.0.0.1"), ((IPEndPoint)socket.LocalEndPoint!).Port);
        return socket;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }

    private ListenLoop NewLoop(ListenPoint point, bool isFailureFinal) => new(
        http.Host,
        new ListenOptions { Name = "test", Point = point, IsFailureFinal = isFailureFinal, Failed = _failures.Add },
        _time,
        NullLogger.Instance);
}
