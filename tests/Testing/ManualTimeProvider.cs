namespace KubeProxySharp.Testing;

/// <summary>
/// A clock that stands still until it is moved. Timers fire on the thread that moves it. A continuation may register its
/// next timer on another thread after <see cref="Advance"/> returned, so tests advance in a loop until what they wait for
/// has happened (<see cref="AdvanceUntilAsync"/>).
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private int _fired;
    private DateTimeOffset _now = new(2026, 11, 20, 15, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Whether any timer is running.</summary>
    public bool HasTimers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Exists(timer => timer.Due is not null);
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock, stopping at every timer on the way.</summary>
    public void Advance(TimeSpan time)
    {
        DateTimeOffset end = GetUtcNow() + time;
        while (TakeDue(end) is ManualTimer timer)
        {
            _fired++;
            timer.Fire();
        }
    }

    /// <summary>
    /// Moves the clock in steps until a condition holds. After a step in which a timer fired, what it set off gets its time:
    /// on a busy machine the clock would be seconds ahead of it.
    /// </summary>
    public async Task AdvanceUntilAsync(Func<bool> condition, TimeSpan step)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            bound.Token.ThrowIfCancellationRequested();
            int fired = _fired;
            Advance(step);
            await Task.Yield();
            await Task.Delay(TimeSpan.FromMilliseconds(1), System, bound.Token);
            if (_fired != fired)
            {
                await SettleAsync(bound.Token);
            }
        }
    }

    /// <summary>Waits until the thread pool has rested for two milliseconds, which it may never do where other tests use it.</summary>
    private static async Task SettleAsync(CancellationToken cancellation)
    {
        const int MostRounds = 25;
        int quiet = 0;
        for (int round = 0; round < MostRounds && quiet < 2; round++)
        {
            long completed = ThreadPool.CompletedWorkItemCount;
            await Task.Delay(TimeSpan.FromMilliseconds(1), System, cancellation);

            // The delay itself is one item.
            quiet = ThreadPool.PendingWorkItemCount == 0 && ThreadPool.CompletedWorkItemCount - completed <= 2 ? quiet + 1 : 0;
        }
    }

    private ManualTimer? TakeDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            ManualTimer? next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            _now = next?.Due is DateTimeOffset due && due > _now ? due : next is null ? end : _now;
            next?.Rearm();
            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                _period = period;
                Due = dueTime < TimeSpan.Zero ? null : owner._now + dueTime;
                owner._timers.Remove(this);
                if (Due is not null)
                {
                    owner._timers.Add(this);
                }

                return true;
            }
        }

        public void Rearm()
        {
            Due = _period > TimeSpan.Zero ? owner._now + _period : null;
            if (Due is null)
            {
                owner._timers.Remove(this);
            }
        }

        public void Fire() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
