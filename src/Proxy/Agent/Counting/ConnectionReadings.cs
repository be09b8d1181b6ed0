using System.Runtime.InteropServices;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>
/// Reads the kernel's counters of connections into the metrics: when a scrape asks for them, and regularly, so that little is lost
/// where a counter begins anew. Does not wait for transactions of the sync loop, only while it makes or lists counters.
/// </summary>
/// <param name="sources">The counters, such as those of each family.</param>
/// <param name="mostServicePorts">The most service ports with series of their own.</param>
/// <param name="metrics">Receives the totals.</param>
/// <param name="log">Where it is reported that counters cannot be read.</param>
/// <param name="time">The clock.</param>
internal sealed partial class ConnectionReadings(
    IReadOnlyList<IConnectionCounters> sources, int mostServicePorts, ServiceConnectionMetrics metrics, ILogger log, TimeProvider time)
{
    /// <summary>How often counters are read without a scrape.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>A scrape that comes sooner after a reading gets the values of that one.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(2);

    private const int MostRates = 5;

    private static readonly string[] s_families = ["IPv4", "IPv6"];
    private static readonly string[] s_groups = ["cluster", "local"];
    private static readonly string[] s_fates = ["sent", "refused", "no_local_endpoints", "source_ranges"];

    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private readonly ConnectionTotals _totals = new(mostServicePorts, TimeSpan.Zero);
    private readonly List<ConnectionCount> _counts = [];
    private readonly string?[] _reported = new string?[sources.Count];
    private TimeSpan _last = TimeSpan.MinValue;

    /// <summary>Reads regularly until cancelled, and before each scrape.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        metrics.ReadBy(Read);
        while (true)
        {
            Read();
            await Task.Delay(Interval, time, stop);
        }
    }

    /// <summary>Reads all counters, unless that was done a moment ago. Called from any thread.</summary>
    public void Read()
    {
        lock (_gate)
        {
            TimeSpan now = time.GetElapsedTime(_start);
            if (_last != TimeSpan.MinValue && now - _last < ShortestInterval)
            {
                return;
            }

            _last = now;
            for (int source = 0; source < sources.Count; source++)
            {
                _counts.Clear();
                string? error = sources[source].Read(_counts);
                _totals.Add(source, CollectionsMarshal.AsSpan(_counts), isComplete: error is null);
                if (error is not null && error != _reported[source])
                {
                    LogNotRead(error);
                }

                _reported[source] = error;
            }

            _totals.Assign(now);
            metrics.Update(_totals.SummedPorts, Rates(), SetAll);
        }
    }

    private void SetAll(SetSeries set)
    {
        foreach (ServicePortConnections port in _totals.Shown)
        {
            foreach (ConnectionCell cell in ConnectionCell.All)
            {
                if (port.Total(cell) is { } total)
                {
                    set(port.Name, FamilyOf(cell), GroupOf(cell), FateOf(cell), total);
                }
            }
        }

        foreach (ConnectionCell cell in ConnectionCell.All)
        {
            if (_totals.Other(cell) is { } total)
            {
                set(null, FamilyOf(cell), GroupOf(cell), FateOf(cell), total);
            }
        }
    }

    private ServiceRate[] Rates() =>
        [.. _totals.Shown.OrderByDescending(static port => port.Rate).Take(MostRates).Where(static port => port.Rate > 0).Select(static port => new ServiceRate(port.Name, port.Rate))];

    private static string FamilyOf(ConnectionCell cell) => s_families[cell.Family == IpFamily.IPv4 ? 0 : 1];

    private static string GroupOf(ConnectionCell cell) => s_groups[cell.Group == TrafficPolicy.Cluster ? 0 : 1];

    private static string FateOf(ConnectionCell cell) => s_fates[(int)cell.Fate];

    [LoggerMessage(EventId = 4700, Level = LogLevel.Warning, Message = "Connections of Services are not counted completely, because counters cannot be read: {Error}")]
    private partial void LogNotRead(string error);
}
