using System.Diagnostics;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>Damages our rules now and then, and measures how long clients notice it.</summary>
internal sealed class DriftMaker(SoakNetwork network, Dialler dialler, Disturbances disturbances, SoakOptions options, string lockFile)
{
    /// <summary>After that the damage counts as not repaired.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly TimeSpan _period = TimeSpan.FromSeconds(Math.Clamp(options.Minutes * 12, 24, 120));

    /// <summary>From the damage until a connection is answered again.</summary>
    public Delays Repairs { get; } = new();

    /// <summary>How often rules were damaged.</summary>
    public int Damages { get; private set; }

    /// <summary>Damages that stayed.</summary>
    public int Unrepaired { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Pace.WaitAsync(_period, cancellationToken);
            disturbances.Begin(Disturbance.Drift);
            Damage(Damages++);
            long begin = Stopwatch.GetTimestamp();
            while (!await dialler.IsAnsweredAsync(SoakRun.FirstStable) && Stopwatch.GetElapsedTime(begin) < s_limit)
            {
                await Pace.WaitAsync(TimeSpan.FromMilliseconds(10), cancellationToken);
            }

            TimeSpan duration = Stopwatch.GetElapsedTime(begin);
            Repairs.Add(duration);
            Unrepaired += duration < s_limit ? 0 : 1;
            disturbances.End(Disturbance.Drift);
        }
    }

    private void Damage(int number)
    {
        LabNamespace node = network.Node.Namespace;
        if (options.IsNftables)
        {
            node.Run("nft", number % 2 == 0 ? "delete table ip kube-proxy" : "flush chain ip kube-proxy nat-prerouting");
        }
        else
        {
            node.Run("env", "XTABLES_LOCKFILE=" + lockFile, "iptables-" + options.Mode, "-w", "-t", "nat", "-F", number % 2 == 0 ? "KUBE-SERVICES" : "PREROUTING");
        }
    }
}
