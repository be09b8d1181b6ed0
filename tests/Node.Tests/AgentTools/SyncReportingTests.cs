using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.Appliers;
using KubeProxySharp.Proxy.Health;
using KubeProxySharp.Proxy.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Both families end their first sync in the same moment.</summary>
public sealed class SyncReportingTests
{
    [Fact]
    public void BothFamiliesMayEndAtTheSameTime()
    {
        IpFamily[] families = [IpFamily.IPv4, IpFamily.IPv6];
        RuleModelSnapshot model = Samples.Model([], []);
        using ProxyMetrics metrics = new(new ProxyMetricsOptions { Mode = "nftables", FeatureGates = [] }, TimeProvider.System, NullLogger.Instance);
        for (int round = 0; round < 2000; round++)
        {
            HealthPorts ports = new(new Dictionary<IpFamily, Proxy.Serving.ServiceHealthServer>(), TimeProvider.System);
            SyncReporting reporting = new(families, "nftables", "node-a", metrics, new ProxyHealth(TimeSpan.FromSeconds(1), TimeProvider.System), ports, static (_, _, _, _, _) => { }, new IdleCollector(static () => { }, TimeProvider.System), static _ => { }, static _ => { }, NullLogger.Instance, TimeProvider.System);
            using Barrier together = new(families.Length);

            Parallel.ForEach(families, new ParallelOptions { MaxDegreeOfParallelism = families.Length }, family =>
            {
                together.SignalAndWait(TimeSpan.FromSeconds(30));
                reporting.Synced(new SyncReport
                {
                    Family = family,
                    IsFull = true,
                    Duration = TimeSpan.Zero,
                    Result = ApplyResult.Applied,
                    Rules = model[family],
                    Services = null,
                    TriggerTimes = [],
                    ChangesTaken = 0,
                    Failures = 0,
                });
            });

            reporting.AllApplied.IsCompletedSuccessfully.Should().BeTrue();
        }
    }
}
