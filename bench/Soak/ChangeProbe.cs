using System.Diagnostics;

namespace KubeProxySharp.Soak;

/// <summary>Changes one Service after the other change, and measures each.</summary>
internal sealed class ChangeProbe(ProbeService service, Disturbances disturbances)
{
    /// <summary>After that a change counts as lost.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

    private int _lost;

    /// <summary>Changes while nothing was wrong.</summary>
    public Delays Usual { get; } = new();

    /// <summary>Changes made, or under way, while the API server was away.</summary>
    public Delays WhileAway { get; } = new();

    /// <summary>Changes under way while damage was repaired.</summary>
    public Delays InDrift { get; } = new();

    /// <summary>Changes that the kernel never got.</summary>
    public int Lost => Volatile.Read(ref _lost);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            long begin = Stopwatch.GetTimestamp();
            if (await service.MoveAsync(Limit, cancellationToken) is not { } delay)
            {
                Interlocked.Increment(ref _lost);
            }
            else if (disturbances.Since(Disturbance.ApiAway, begin))
            {
                WhileAway.Add(delay);
            }
            else if (disturbances.Since(Disturbance.Drift, begin))
            {
                InDrift.Add(delay);
            }
            else
            {
                Usual.Add(delay);
            }

            await Pace.WaitAsync(s_pause, cancellationToken);
        }
    }
}
