using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Faults;

namespace KubeProxySharp.Soak;

/// <summary>Takes the API server away from time to time, in four kinds of outages in turn, and restarts it, so that it answers 410 to old versions.</summary>
internal sealed class ApiOutages(ApiServer server, ProbeService probe, Disturbances disturbances, TimeSpan run)
{
    private static readonly OutageKind[] s_kinds = [OutageKind.Refused, OutageKind.AcceptsAndCloses, OutageKind.Hangs, OutageKind.Unavailable];

    /// <summary>All four kinds fit into a short run; a long one has an outage every 90 seconds.</summary>
    private readonly TimeSpan _period = TimeSpan.FromSeconds(Math.Clamp(run.TotalSeconds / 5, 15, 90));

    /// <summary>Time from the return of the server, when a change is made, until the kernel has the change; by kind of outage.</summary>
    public Dictionary<OutageKind, Delays> Returns { get; } = s_kinds.ToDictionary(kind => kind, _ => new Delays());

    /// <summary>Returns after which a change never came.</summary>
    public int Lost { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (int number = 0; ; number++)
        {
            await Pace.WaitAsync(_period * 0.7, cancellationToken);
            OutageKind kind = s_kinds[number % s_kinds.Length];
            disturbances.Begin(Disturbance.ApiAway);
            await server.StartOutageAsync(kind);
            try
            {
                await Pace.WaitAsync(TimeSpan.FromSeconds(Math.Min(20, _period.TotalSeconds * 0.3)), cancellationToken);
            }
            finally
            {
                await server.RecoverAsync(new RecoveryOptions { IsRestarted = true }, CancellationToken.None);
            }

            if (await probe.MoveAsync(ChangeProbe.Limit, cancellationToken) is { } delay)
            {
                Returns[kind].Add(delay);
            }
            else
            {
                Lost++;
            }

            disturbances.End(Disturbance.ApiAway);
        }
    }
}
