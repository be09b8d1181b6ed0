using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Faults;

namespace KubeProxySharp.Soak;

/// <summary>The API server is away now and then, in four ways in turn, and comes back restarted, so that it answers 410 to old versions.</summary>
internal sealed class ApiOutages(ApiServer server, ProbeService probe, Disturbances disturbances, TimeSpan run)
{
    private static readonly AwayKind[] s_kinds = [AwayKind.Refused, AwayKind.AcceptsAndCloses, AwayKind.Hangs, AwayKind.Unavailable];

    /// <summary>All four ways fit into a short run, and a long one has one each minute and a half.</summary>
    private readonly TimeSpan _period = TimeSpan.FromSeconds(Math.Clamp(run.TotalSeconds / 5, 15, 90));

    /// <summary>From the return, at which a change is made, until the kernel has that; by way.</summary>
    public Dictionary<AwayKind, Delays> Returns { get; } = s_kinds.ToDictionary(kind => kind, _ => new Delays());

    /// <summary>Returns after which a change never came.</summary>
    public int Lost { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (int number = 0; ; number++)
        {
            await Pace.WaitAsync(_period * 0.7, cancellationToken);
            AwayKind kind = s_kinds[number % s_kinds.Length];
            disturbances.Begin(Disturbance.ApiAway);
            await server.GoAwayAsync(kind);
            try
            {
                await Pace.WaitAsync(TimeSpan.FromSeconds(Math.Min(20, _period.TotalSeconds * 0.3)), cancellationToken);
            }
            finally
            {
                await server.ComeBackAsync(new ComeBackOptions { IsRestarted = true }, CancellationToken.None);
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
