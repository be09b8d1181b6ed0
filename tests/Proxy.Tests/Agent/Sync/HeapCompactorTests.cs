using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class HeapCompactorTests
{
    private readonly ManualTimeProvider _time = new();
    private int _collections;

    [Fact]
    public async Task MemoryIsGivenBackOnceWhenWorkHasEnded()
    {
        using CancellationTokenSource stop = new();
        HeapCompactor heap = new(() => Interlocked.Increment(ref _collections), _time);
        Task running = heap.RunAsync(stop.Token);
        heap.Worked();

        await _time.AdvanceUntilAsync(() => _collections == 1, TimeSpan.FromSeconds(1));
        await UntilAsync(() => !_time.HasTimers);
        _time.Advance(TimeSpan.FromHours(1));
        _collections.Should().Be(1, "a rest has nothing to give back");
        heap.Worked();
        await _time.AdvanceUntilAsync(() => _collections == 2, TimeSpan.FromSeconds(1));
        await UntilAsync(() => !_time.HasTimers);

        await StopAsync(stop, running);
    }

    [Fact]
    public async Task MemoryIsGivenBackAgainAndAgainWhileChangesNeverCease()
    {
        using CancellationTokenSource stop = new();
        CountedTimers timers = new(_time);
        HeapCompactor heap = new(() => Interlocked.Increment(ref _collections), timers);
        Task running = heap.RunAsync(stop.Token);
        int started = await EndStartAsync(heap, timers);

        int second = 0;
        for (; second < 40; second++)
        {
            heap.Worked();
            await UntilAsync(() => timers.Count - started + Volatile.Read(ref _collections) > second); // a collection is followed by a wait without a limit
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        _collections.Should().Be(2);

        await StopAsync(stop, running);
    }

    [Fact]
    public async Task NothingIsCollectedBetweenChanges()
    {
        using CancellationTokenSource stop = new();
        CountedTimers timers = new(_time);
        HeapCompactor heap = new(() => Interlocked.Increment(ref _collections), timers);
        Task running = heap.RunAsync(stop.Token);
        int started = await EndStartAsync(heap, timers);

        for (int change = 1; change <= 2; change++)
        {
            heap.Worked();
            await UntilAsync(() => timers.Count - started == change); // the change was seen, and the wait began anew
            _time.Advance(HeapCompactor.Quiet - TimeSpan.FromMilliseconds(1));
        }

        _collections.Should().Be(0);
        await _time.AdvanceUntilAsync(() => _collections == 1, TimeSpan.FromMilliseconds(1));

        await StopAsync(stop, running);
    }

    [Fact]
    public async Task WhatTheStartLeavesIsGivenBackSooner()
    {
        using CancellationTokenSource stop = new();
        HeapCompactor heap = new(() => Interlocked.Increment(ref _collections), _time);
        Task running = heap.RunAsync(stop.Token);
        heap.Worked();
        await UntilAsync(() => _time.HasTimers);

        _time.Advance(HeapCompactor.QuietAfterStart);

        await UntilAsync(() => Volatile.Read(ref _collections) == 1);
        await StopAsync(stop, running);
    }

    /// <summary>Lets the first collection happen, and counts anew.</summary>
    /// <returns>The timers that were made.</returns>
    private async Task<int> EndStartAsync(HeapCompactor heap, CountedTimers timers)
    {
        heap.Worked();
        await _time.AdvanceUntilAsync(() => _collections == 1, HeapCompactor.QuietAfterStart);
        await UntilAsync(() => !_time.HasTimers);
        _collections = 0;
        return timers.Count;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            limit.IsCancellationRequested.Should().BeFalse();
            await Task.Delay(1, CancellationToken.None);
        }
    }

    private static async Task StopAsync(CancellationTokenSource stop, Task running)
    {
        await stop.CancelAsync();
        Func<Task> end = () => running;
        await end.Should().ThrowAsync<OperationCanceledException>();
    }

    private sealed class CountedTimers(TimeProvider inner) : TimeProvider
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = inner.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _count);
            return timer;
        }
    }
}
