using KubeProxySharp.Proxy.Agent.Apply;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Compares the rules in the kernel without delaying those who write them: a check during which an apply of ours begins is
/// cancelled (it would see a mixture of two states, and reading takes processor time that the apply needs), and checks without a
/// result are spaced so that they take no more than a tenth of the time.
/// </summary>
internal sealed class PreemptibleCheck : IOwnApplyListener
{
    /// <summary>How many checks in a row are cancelled; the next one continues during applies, which might otherwise prevent it for ever.</summary>
    public const int MaxCancelled = 3;

    /// <summary>The pause after a check, as a multiple of its duration.</summary>
    private const int PausePerCheck = 9;

    private static readonly TimeSpan s_minPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_maxPause = TimeSpan.FromMinutes(3);

    /// <summary>The time between two questions whether our apply has ended.</summary>
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);

    private readonly Func<CancellationToken, Task<Integrity>> _check;
    private readonly OwnTransactions _applies;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _running;

    /// <summary>Listens to our applies.</summary>
    /// <param name="check">Compares the rules once.</param>
    /// <param name="applies">The applies of this agent.</param>
    /// <param name="time">The clock.</param>
    public PreemptibleCheck(Func<CancellationToken, Task<Integrity>> check, OwnTransactions applies, TimeProvider time)
    {
        _check = check;
        _applies = applies;
        _time = time;
        applies.Add(this);
    }

    /// <summary>Whether the rules are what was applied, at a moment in which no apply of ours was running.</summary>
    public async Task<bool> IsIntactAsync(CancellationToken cancellation)
    {
        for (int cancelled = 0; ;)
        {
            while (_applies.IsUnderWay)
            {
                await Task.Delay(s_pollInterval, _time, cancellation);
            }

            long applies = _applies.Count;
            long begin = _time.GetTimestamp();
            if (await CheckOnceAsync(applies, mayCancel: cancelled < MaxCancelled, cancellation) is not { } found)
            {
                cancelled++;
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
                cancelled = 0;
            }

            await Task.Delay(PauseAfter(_time.GetElapsedTime(begin)), _time, cancellation);
        }
    }

    /// <inheritdoc/>
    public void OwnApplyBegins(bool isFull)
    {
        lock (_lock)
        {
            // Killing a process takes time; the apply does not wait for it.
            _ = _running?.CancelAsync();
            _running = null;
        }
    }

    /// <inheritdoc/>
    public void OwnProcessStarted(int process)
    {
        // The check compares the rules, whoever committed them.
    }

    /// <inheritdoc/>
    public void OwnApplyEnded(bool isFull)
    {
        // The next check begins when no apply of either family is running.
    }

    private static TimeSpan PauseAfter(TimeSpan check)
    {
        TimeSpan pause = PausePerCheck * check;
        return pause < s_minPause ? s_minPause : pause > s_maxPause ? s_maxPause : pause;
    }

    /// <summary>One check; null if it was cancelled.</summary>
    private async Task<Integrity?> CheckOnceAsync(long applies, bool mayCancel, CancellationToken cancellation)
    {
        // Not disposed: an apply that begins may still be cancelling it. It has no timer, and the link is undone below.
        CancellationTokenSource stop = new();
        await using CancellationTokenRegistration link = cancellation.UnsafeRegister(static own => ((CancellationTokenSource)own!).Cancel(), stop);
        lock (_lock)
        {
            _running = mayCancel ? stop : null;
        }

        try
        {
            return mayCancel && _applies.Count != applies ? null : await _check(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            lock (_lock)
            {
                _running = null;
            }
        }
    }
}
