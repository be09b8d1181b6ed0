using System.Collections.Concurrent;
using KubeProxySharp.Proxy.Agent.Drift;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift;

public sealed class IntegrityCheckTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly OwnTransactions _applies = new();
    private readonly BlockingCollection<string> _reports = [];

    [Fact]
    public async Task TheRegularCheckFindsWhatNothingElseFound()
    {
        await RunAsync(_ => Task.FromResult(false), TimeSpan.FromMilliseconds(1), _ => Next().Should().Contain("regular check"));
    }

    [Fact]
    public async Task ASuspicionIsReportedOnlyIfALookBearsItOut()
    {
        int looks = 0;
        await RunAsync(_ => Task.FromResult(Interlocked.Increment(ref looks) != 2), Timeout.InfiniteTimeSpan, check =>
        {
            check.Ask("an innocent did something");
            SpinWait.SpinUntil(() => Volatile.Read(ref looks) == 1, s_patience).Should().BeTrue();
            check.Ask("somebody did something");
            Next().Should().Be("somebody did something");
        });
    }

    [Fact]
    public async Task WhatIsFoundWhileWeApplyDoesNotCount()
    {
        int looks = 0;
        Task<bool> LookAsync(CancellationToken cancellation)
        {
            if (++looks == 1)
            {
                _applies.Begin(isFull: false).Dispose();
                return Task.FromResult(false);
            }

            return Task.FromResult(looks == 2);
        }

        await RunAsync(LookAsync, Timeout.InfiniteTimeSpan, check =>
        {
            check.Ask("first");
            SpinWait.SpinUntil(() => Volatile.Read(ref looks) == 2, s_patience).Should().BeTrue();
            check.Ask("second");
            Next().Should().Be("second");
        });
    }

    [Fact]
    public async Task AFailedLookIsNoDrift()
    {
        int looks = 0;
        await RunAsync(
            _ => ++looks == 1 ? throw new IOException("iptables-save was killed") : Task.FromResult(false),
            Timeout.InfiniteTimeSpan,
            check =>
            {
                check.Ask("first");
                SpinWait.SpinUntil(() => Volatile.Read(ref looks) == 1, s_patience).Should().BeTrue();
                check.Ask("second");
                Next().Should().Be("second");
            });
    }

    private async Task RunAsync(Func<CancellationToken, Task<bool>> look, TimeSpan period, Action<IntegrityCheck> test)
    {
        using CancellationTokenSource stop = new();
        IntegrityCheck check = new(look, _applies, period, TimeProvider.System, NullLogger.Instance);
        Task running = check.RunAsync(_reports.Add, stop.Token);
        test(check);
        await stop.CancelAsync();
        Func<Task> ended = () => running;
        await ended.Should().ThrowAsync<OperationCanceledException>();
    }

    private string Next() => _reports.TryTake(out string? what, s_patience) ? what : throw new TimeoutException("nothing was reported");
}
