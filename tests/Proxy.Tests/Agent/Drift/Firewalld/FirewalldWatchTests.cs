using System.Collections.Concurrent;
using KubeProxySharp.Proxy.Agent.Drift.Firewalld;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift.Firewalld;

/// <summary>The watch against a real dbus-daemon and the real firewalld.</summary>
public sealed class FirewalldWatchTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Trait("Category", "Netns")]
    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void AStartAndAReloadAreReported(string backend) => NetworkNamespace.RunOrSkip(
        () =>
        {
            using PrivateBus bus = new();
            bus.StartDaemon();
            using BlockingCollection<string> reports = [];
            using CancellationTokenSource stop = new();
            ListeningLog log = new();
            Task running = new FirewalldWatch(log, TimeProvider.System, bus.Address).RunAsync(reports.Add, stop.Token);
            log.Listening.Wait(s_patience).Should().BeTrue();

            bus.StartFirewalld(backend);
            Next(reports).Should().Be("firewalld started");
            SpinWait.SpinUntil(() => bus.Run("firewall-cmd", "--state") == 0, s_patience).Should().BeTrue("firewalld runs");
            bus.Run("firewall-cmd", "--reload").Should().Be(0);
            Next(reports).Should().Be("firewalld reloaded its rules");
            File.ReadAllText("/proc/self/maps").Should().NotContain("libsystemd").And.NotContain("libdbus");

            stop.Cancel();
            Action ended = () => running.GetAwaiter().GetResult();
            ended.Should().Throw<OperationCanceledException>();
        },
        "dbus-daemon",
        "firewalld",
        "firewall-cmd");

    [Trait("Category", "Netns")]
    [SkippableFact]
    public void ABusThatComesGoesAndComesAgainIsFound() => NetworkNamespace.RunOrSkip(
        () =>
        {
            using PrivateBus bus = new();
            using BlockingCollection<string> reports = [];
            using CancellationTokenSource stop = new();
            ListeningLog log = new();
            Task running = new FirewalldWatch(log, TimeProvider.System, bus.Address, TimeSpan.FromMilliseconds(100)).RunAsync(reports.Add, stop.Token);
            log.Missing.Wait(s_patience).Should().BeTrue();

            bus.StartDaemon();
            log.Listening.Wait(s_patience).Should().BeTrue();
            bus.StopDaemon();
            log.Missing.Wait(s_patience).Should().BeTrue();
            bus.StartDaemon();
            log.Listening.Wait(s_patience).Should().BeTrue();
            bus.StartFirewalld("nftables");
            Next(reports).Should().Be("firewalld started");

            stop.Cancel();
            Action ended = () => running.GetAwaiter().GetResult();
            ended.Should().Throw<OperationCanceledException>();
        },
        "dbus-daemon",
        "firewalld");

    [Fact]
    public void ANodeWithoutABusIsNoError()
    {
        using CancellationTokenSource stop = new();
        ListeningLog log = new();

        Task running = new FirewalldWatch(log, TimeProvider.System, "unix:path=/nonexistent/bus", TimeSpan.FromMilliseconds(1)).RunAsync(_ => { }, stop.Token);
        log.Missing.Wait(s_patience).Should().BeTrue();
        stop.Cancel();
        Action ended = () => running.GetAwaiter().GetResult();

        ended.Should().Throw<OperationCanceledException>();
        log.Levels.Should().Equal(LogLevel.Information);
    }

    private static string Next(BlockingCollection<string> reports) =>
        reports.TryTake(out string? what, s_patience) ? what : throw new TimeoutException("nothing was reported");

    private sealed class ListeningLog : ILogger
    {
        public SemaphoreSlim Listening { get; } = new(0);

        public SemaphoreSlim Missing { get; } = new(0);

        public ConcurrentQueue<LogLevel> Levels { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Levels.Enqueue(logLevel);
            (eventId.Id == 4501 ? Listening : Missing).Release();
        }
    }
}
