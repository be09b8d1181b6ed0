using System.IO.Pipes;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Watch;

public sealed class AddressWatchTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeFeed _feed = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _stop.Dispose();
        _feed.Close();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(AddressWatch.StartAttempts - 1)]
    public async Task AStartIsTriedAgain(int failures)
    {
        ManualTimeProvider time = new();
        using AddressWatch watch = new(() => _feed, NullLogger.Instance, time);
        _feed.Failures = failures;

        Task start = watch.StartAsync(CancellationToken.None);
        await time.AdvanceUntilAsync(() => start.IsCompleted, TimeSpan.FromMilliseconds(100));

        await start;
        watch.Read().Should().Equal(IpAddress.Parse("192.0.2.1"));
    }

    [Fact]
    public async Task AStartWithoutAddressesFails()
    {
        ManualTimeProvider time = new();
        using AddressWatch watch = new(() => _feed, NullLogger.Instance, time);
        _feed.Failures = int.MaxValue;

        Task start = watch.StartAsync(CancellationToken.None);
        await time.AdvanceUntilAsync(() => start.IsCompleted, TimeSpan.FromMilliseconds(100));

        Func<Task> wait = () => start;
        (await wait.Should().ThrowAsync<KernelSetupException>()).Which.Message.Should().Contain("no answer");
    }

    [Fact]
    public async Task OnlyTrueChangesAreTold()
    {
        using AddressWatch watch = new(() => _feed, NullLogger.Instance, TimeProvider.System);
        await watch.StartAsync(CancellationToken.None);
        int changes = 0;
        Task running = watch.RunAsync(() => Interlocked.Increment(ref changes), _stop.Token);

        int updates = _feed.Updates;
        _feed.Signal();
        Until(() => _feed.Updates > updates);
        _feed.Addresses = [IpAddress.Parse("192.0.2.2")];
        _feed.Signal();
        Until(() => Volatile.Read(ref changes) == 1);

        watch.Read().Should().Equal(IpAddress.Parse("192.0.2.2"));
        await StopAsync(running);
    }

    /// <summary>While the kernel cannot be asked, the last known addresses stay.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task AFailureKeepsTheLastKnownAddresses(int failures)
    {
        using AddressWatch watch = new(() => _feed, NullLogger.Instance, TimeProvider.System);
        await watch.StartAsync(CancellationToken.None);
        List<int> sizes = [];
        Task running = watch.RunAsync(() => sizes.Add(watch.Read().Count), _stop.Token);

        _feed.Failures = failures;
        _feed.Addresses = [IpAddress.Parse("192.0.2.2"), IpAddress.Parse("192.0.2.3")];
        _feed.Signal();
        Until(() => _feed.Failures < failures);
        watch.Read().Should().NotBeEmpty();
        Until(() => watch.Read().Count == 2);

        await StopAsync(running);
        sizes.Should().Equal(2);
    }

    private static void Until(Func<bool> condition) => SpinWait.SpinUntil(condition, s_patience).Should().BeTrue();

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        Func<Task> wait = () => running.WaitAsync(s_patience);
        await wait.Should().ThrowAsync<OperationCanceledException>();
    }

    private sealed class FakeFeed : IInterfaceAddressFeed
    {
        private readonly AnonymousPipeServerStream _writeEnd = new(PipeDirection.Out);
        private readonly AnonymousPipeClientStream _readEnd;
        private int _updates;
        private int _pending;

        public FakeFeed() => _readEnd = new(PipeDirection.In, _writeEnd.ClientSafePipeHandle);

        public SafeHandle Handle => _readEnd.SafePipeHandle;

        public volatile IReadOnlyList<IpAddress> Addresses = [IpAddress.Parse("192.0.2.1")];

        public volatile int Failures;

        public int Updates => Volatile.Read(ref _updates);

        public void Signal()
        {
            Interlocked.Increment(ref _pending);
            _writeEnd.WriteByte(1);
        }

        public IReadOnlyList<IpAddress> Update()
        {
            if (Volatile.Read(ref _pending) > 0)
            {
                _readEnd.ReadByte();
                Interlocked.Decrement(ref _pending);
            }

            Interlocked.Increment(ref _updates);
            if (Failures > 0)
            {
                Failures--;
                throw new NetlinkException(NetlinkFailure.NoAnswer, "no answer");
            }

            return [.. Addresses];
        }

        public void Invalidate()
        {
        }

        /// <summary>It is opened again and again.</summary>
        public void Dispose()
        {
        }

        public void Close()
        {
            _readEnd.Dispose();
            _writeEnd.Dispose();
        }
    }
}
