using KubeProxySharp.Proxy.Agent.Sync;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Looks whether our rules are there, when there is a suspicion and once in a period. Only what is found while no apply of
/// ours was under way counts.
/// </summary>
/// <param name="isIntact">Whether the rules are what the last apply left.</param>
/// <param name="applies">What we do ourselves.</param>
/// <param name="period">How often to look without a suspicion (syncPeriod).</param>
/// <param name="time">The clock.</param>
/// <param name="log">Receives what goes wrong.</param>
internal sealed class IntegrityCheck(Func<CancellationToken, Task<bool>> isIntact, OwnTransactions applies, TimeSpan period, TimeProvider time, ILogger log)
{
    private const int MostTries = 3;
    private const string Regular = "the rules are not what was applied; found by the regular check";

    /// <summary>Between two looks; a suspicion may come with every change that any agent makes.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks at whether our apply has ended.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);

    private readonly WakeSignal _asked = new(time);
    private string? _suspicion;

    /// <summary>Asks for a look. Several before the look begins are one. Called from any thread.</summary>
    /// <param name="suspicion">What is reported if the rules are not there.</param>
    public void Ask(string suspicion)
    {
        Interlocked.CompareExchange(ref _suspicion, suspicion, null);
        _asked.Set();
    }

    /// <summary>Looks until cancelled.</summary>
    public async Task RunAsync(Action<string> drifted, CancellationToken cancellation)
    {
        while (true)
        {
            await _asked.WaitAsync(period, cancellation);
            string? suspicion = Interlocked.Exchange(ref _suspicion, null);
            if (!await LookAsync(suspicion ?? Regular, cancellation))
            {
                drifted(suspicion ?? Regular);
            }

            await Task.Delay(s_pause, time, cancellation);
        }
    }

    private async Task<bool> LookAsync(string suspicion, CancellationToken cancellation)
    {
        for (int tries = 0; tries < MostTries; tries++)
        {
            while (applies.IsUnderWay)
            {
                await Task.Delay(s_patience, time, cancellation);
            }

            long before = applies.Count;
            try
            {
                if (await isIntact(cancellation))
                {
                    return true;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                log.CheckFailed(e);
                return true;
            }

            if (applies.Count == before)
            {
                return false;
            }
        }

        // We keep writing rules; what was suspected is looked at again.
        Ask(suspicion);
        return true;
    }
}
