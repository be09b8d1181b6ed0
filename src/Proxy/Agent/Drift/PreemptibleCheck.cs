using KubeProxySharp.Proxy.Agent.Apply;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Looks at the rules without being in the way of those who write them: a look that an apply of ours overtakes is given up
/// (what it would find is the state of no moment, and reading costs the processor that the apply needs), and looks that
/// tell nothing follow one another so that they take no more than a tenth of the time.
/// </summary>
internal sealed class PreemptibleCheck : IOwnApplyListener
{
    /// <summary>So often a look is given up; the next one goes on beside applies, which may never leave it the time it takes.</summary>
    public const int MostGivenUp = 3;

    /// <summary>The pause after a look, in times of what the look took.</summary>
    private const int PausePerLook = 9;

    private static readonly TimeSpan s_leastPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_mostPause = TimeSpan.FromSeconds(30);

    /// <summary>Between two looks at whether our apply has ended.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);

    private readonly Func<CancellationToken, Task<Integrity>> _look;
    private readonly OwnTransactions _applies;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _underWay;

    /// <summary>Begins to listen to our applies.</summary>
    /// <param name="look">Looks at the rules once.</param>
    /// <param name="applies">What we do ourselves.</param>
    /// <param name="time">The clock.</param>
    public PreemptibleCheck(Func<CancellationToken, Task<Integrity>> look, OwnTransactions applies, TimeProvider time)
    {
        _look = look;
        _applies = applies;
        _time = time;
        applies.Add(this);
    }

    /// <summary>Whether the rules are what was applied. The answer is that of a moment in which no apply of ours was under way.</summary>
    public async Task<bool> IsIntactAsync(CancellationToken cancellation)
    {
        for (int givenUp = 0; ;)
        {
            while (_applies.IsUnderWay)
            {
                await Task.Delay(s_patience, _time, cancellation);
            }

            long applies = _applies.Count;
            long begin = _time.GetTimestamp();
            if (await LookAsync(applies, mayGiveUp: givenUp < MostGivenUp, cancellation) is not { } found)
            {
                givenUp++;
            }
            else if (found == Integrity.Intact)
            {
                return true;
            }
            else if (found == Integrity.Changed && _applies.Count == applies)
            {
                return false;
            }
            else
            {
                givenUp = 0;
            }

            await Task.Delay(PauseAfter(_time.GetElapsedTime(begin)), _time, cancellation);
        }
    }

    /// <inheritdoc/>
    public void OwnApplyBegins(bool isFull)
    {
        lock (_lock)
        {
            // To kill a process takes a while; the apply need not wait for it.
            _ = _underWay?.CancelAsync();
            _underWay = null;
        }
    }

    /// <inheritdoc/>
    public void OwnProcessStarted(int process)
    {
        // Whose a commit is makes no difference to what is there.
    }

    /// <inheritdoc/>
    public void OwnApplyEnded(bool isFull)
    {
        // The next look begins when no apply of either family is under way.
    }

    private static TimeSpan PauseAfter(TimeSpan look)
    {
        TimeSpan pause = PausePerLook * look;
        return pause < s_leastPause ? s_leastPause : pause > s_mostPause ? s_mostPause : pause;
    }

    /// <summary>One look; null if it was given up.</summary>
    private async Task<Integrity?> LookAsync(long applies, bool mayGiveUp, CancellationToken cancellation)
    {
        // Not disposed: an apply that begins may still be cancelling it. It has no timer, and the link is undone below.
        CancellationTokenSource stop = new();
        await using CancellationTokenRegistration link = cancellation.UnsafeRegister(static own => ((CancellationTokenSource)own!).Cancel(), stop);
        lock (_lock)
        {
            _underWay = mayGiveUp ? stop : null;
        }

        try
        {
            return mayGiveUp && _applies.Count != applies ? null : await _look(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            lock (_lock)
            {
                _underWay = null;
            }
        }
    }
}
