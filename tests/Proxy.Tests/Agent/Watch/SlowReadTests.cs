using System.Collections.Concurrent;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Agent.Watch;

public sealed class SlowReadTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _reports = new();
    private readonly TaskCompletionSource _read = new();

    [Fact]
    public async Task AReadThatDoesNotEndIsNamedUntilItEnds()
    {
        Task wait = WaitAsync(CancellationToken.None);
        await _time.AdvanceUntilAsync(() => _reports.Count == 2, TimeSpan.FromSeconds(1));
        wait.IsCompleted.Should().BeFalse();

        _read.SetResult();
        await wait;

        _reports.Should().SatisfyRespectively(
            first => first.Should().StartWith("reading /mnt/web.yaml has not ended for 1").And.EndWith("s; the last good state is kept"),
            second => second.Should().StartWith("reading /mnt/web.yaml has not ended for 2"),
            last => last.Should().BeEmpty());
    }

    [Fact]
    public async Task AReadInTimeIsNotReported()
    {
        Task wait = WaitAsync(CancellationToken.None);
        _read.SetResult();

        await wait;

        _reports.Should().BeEmpty();
    }

    [Fact]
    public async Task WhatTheReadThrowsIsThrown()
    {
        Task wait = WaitAsync(CancellationToken.None);
        _read.SetException(new IOException("gone"));

        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<IOException>().WithMessage("gone");
    }

    [Fact]
    public async Task TheEndOfTheAgentDoesNotWaitForIt()
    {
        using CancellationTokenSource stop = new();
        Task wait = WaitAsync(stop.Token);

        await stop.CancelAsync();

        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<OperationCanceledException>();
    }

    private Task WaitAsync(CancellationToken cancellation) =>
        new SlowRead(_reports.Enqueue, NullLogger.Instance, _time).WaitAsync(_read.Task, () => "/mnt/web.yaml", cancellation);
}
