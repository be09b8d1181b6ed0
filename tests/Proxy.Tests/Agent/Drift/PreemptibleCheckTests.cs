using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Drift;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Drift;

/// <summary>That checks are not in the way of applies, and still come to an end.</summary>
public sealed class PreemptibleCheckTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    private readonly OwnTransactions _applies = new();
    private readonly ManualTimeProvider _time = new();
    private readonly List<DateTimeOffset> _looks = [];

    [Theory]
    [InlineData(Integrity.Intact, true)]
    [InlineData(Integrity.Changed, false)]
    public async Task AtRestOneLookDecides(object found, bool isIntact)
    {
        PreemptibleCheck check = Check((_, _) => Task.FromResult((Integrity)found));

        (await check.IsIntactAsync(default)).Should().Be(isIntact);

        _looks.Should().HaveCount(1);
    }

    [Fact]
    public async Task NobodyLooksWhileWeApply()
    {
        PreemptibleCheck check = Check((_, _) => Task.FromResult(Integrity.Intact));
        IDisposable apply = _applies.Begin(isFull: false);

        Task<bool> checking = check.IsIntactAsync(default);
        _time.Advance(TimeSpan.FromMinutes(1));
        _looks.Should().BeEmpty();
        apply.Dispose();

        (await EndAsync(checking)).Should().BeTrue();
    }

    [Fact]
    public async Task ALookIsGivenUpWhenAnApplyBegins()
    {
        bool wasStopped = false;
        PreemptibleCheck check = Check(async (look, stop) =>
        {
            if (look == 1)
            {
                using IDisposable apply = _applies.Begin(isFull: false);
                wasStopped = await IsStoppedAsync(stop);
                stop.ThrowIfCancellationRequested();
            }

            return Integrity.Intact;
        });

        (await EndAsync(check.IsIntactAsync(default))).Should().BeTrue();

        wasStopped.Should().BeTrue();
        _looks.Should().HaveCount(2);
    }

    /// <summary>Changes may come faster than any look can be; damage is found all the same.</summary>
    [Fact]
    public async Task NotEveryLookIsGivenUp()
    {
        PreemptibleCheck check = Check(async (look, stop) =>
        {
            if (look <= PreemptibleCheck.MaxCancelled)
            {
                _applies.Begin(isFull: false).Dispose();
                await IsStoppedAsync(stop);
                stop.ThrowIfCancellationRequested();
            }
            else if (look == PreemptibleCheck.MaxCancelled + 1)
            {
                _applies.Begin(isFull: false).Dispose();
                stop.IsCancellationRequested.Should().BeFalse();
                return Integrity.Changed; // perhaps by us
            }

            return Integrity.Changed;
        });

        (await EndAsync(check.IsIntactAsync(default))).Should().BeFalse();

        _looks.Should().HaveCount(PreemptibleCheck.MaxCancelled + 2);
    }

    [Fact]
    public async Task LooksThatTellNothingTakeATenthOfTheTime()
    {
        TimeSpan takes = TimeSpan.FromSeconds(2);
        PreemptibleCheck check = Check((look, _) =>
        {
            _time.Advance(takes);
            return Task.FromResult(look == 3 ? Integrity.Intact : Integrity.Unclear);
        });

        (await EndAsync(check.IsIntactAsync(default), takes / 4)).Should().BeTrue();

        (_looks[1] - _looks[0]).Should().BeGreaterThanOrEqualTo(10 * takes);
        (_looks[2] - _looks[1]).Should().BeGreaterThanOrEqualTo(10 * takes);
    }

    [Fact]
    public async Task TheEndOfTheAgentEndsALook()
    {
        using CancellationTokenSource end = new();
        PreemptibleCheck check = Check(async (_, stop) =>
        {
            await end.CancelAsync();
            stop.ThrowIfCancellationRequested();
            return Integrity.Intact;
        });

        Func<Task> checking = () => check.IsIntactAsync(end.Token);

        await checking.Should().ThrowAsync<OperationCanceledException>();
        _looks.Should().HaveCount(1);
    }

    private PreemptibleCheck Check(Func<int, CancellationToken, Task<Integrity>> look) => new(
        stop =>
        {
            _looks.Add(_time.GetUtcNow());
            return look(_looks.Count, stop);
        },
        _applies,
        _time);

    /// <summary>A look is stopped on another thread, so that the apply does not wait.</summary>
    private static async Task<bool> IsStoppedAsync(CancellationToken stop)
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration link = stop.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), stopped);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None);
        return true;
    }

    private async Task<bool> EndAsync(Task<bool> checking, TimeSpan? step = null)
    {
        await _time.AdvanceUntilAsync(() => checking.IsCompleted, step ?? s_step);
        return await checking;
    }
}
