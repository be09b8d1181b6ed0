using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>
/// A running loop over two fake kernels. Everything that it does is recorded, and replayed at the end: that gives the same rules, whatever
/// the kernels refused.
/// </summary>
internal sealed class LoopUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordingUnderTest _recording;
    private Task _running = Task.CompletedTask;

    public LoopUnderTest(SyncPolicy? policy = null)
    {
        ProxySettings settings = new() { NodeName = "node-a" };
        _recording = new("nftables", settings);
        Loop = new(
            settings,
            () => ReadAddresses(),
            [IPv4, IPv6],
            policy ?? new SyncPolicy { MinInterval = TimeSpan.Zero, FirstRetry = TimeSpan.FromMilliseconds(1), MaxRetry = TimeSpan.FromMilliseconds(20), DriftQuietTime = TimeSpan.Zero },
            Observer,
            TimeProvider.System,
            _recording.Recorder);
    }

    public SyncLoop Loop { get; }

    /// <summary>Reads the addresses on the interfaces; it may throw.</summary>
    public Func<IReadOnlyList<IpAddress>> ReadAddresses { get; set; } = static () => [IpAddress.Parse("127.0.0.1"), IpAddress.Parse("192.0.2.1")];

    /// <summary>How often the loop was run again after an exception.</summary>
    public int Restarts { get; private set; }

    public FakeApplier IPv4 { get; } = new(IpFamily.IPv4);

    public FakeApplier IPv6 { get; } = new(IpFamily.IPv6);

    public RecordingObserver Observer { get; } = new();

    public void Start() => _running = Loop.RunAsync(_stop.Token);

    /// <summary>Runs the loop again after each <see cref="InvalidOperationException"/>, as the agent does after any.</summary>
    public void StartRestarting()
    {
        _running = RunAsync();

        async Task RunAsync()
        {
            while (true)
            {
                try
                {
                    await Loop.RunAsync(_stop.Token);
                    return;
                }
                catch (InvalidOperationException)
                {
                    Restarts++;
                }
            }
        }
    }

    /// <summary>Feeds objects as a first listing does.</summary>
    public void List(IEnumerable<Service> services, params EndpointSlice[] slices)
    {
        foreach (Service service in services)
        {
            Loop.Feed.Services.Put(service);
        }

        foreach (EndpointSlice slice in slices)
        {
            Loop.Feed.EndpointSlices.Put(slice);
        }

        Loop.Feed.Services.Listed();
        Loop.Feed.EndpointSlices.Listed();
        Loop.Feed.Nodes.Listed();
    }

    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource limit = new(s_limit);
        while (!condition())
        {
            if (_running.IsFaulted)
            {
                await _running;
            }

            limit.IsCancellationRequested.Should().BeFalse(what);
            await Task.Delay(1, CancellationToken.None);
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(s_limit);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        await using (_recording)
        {
            await _recording.FinishAsync();
            _recording.Replay().Should().Be(0, _recording.Report);
        }
    }
}
