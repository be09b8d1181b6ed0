using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Times and durations of syncs (spec 10.1).</summary>
internal sealed class SyncMetrics
{
    private readonly TimeProvider _time;
    private readonly FamilySeries<Histogram.Child> _duration;
    private readonly FamilySeries<Histogram.Child> _fullDuration;
    private readonly FamilySeries<Histogram.Child> _partialDuration;
    private readonly FamilySeries<Histogram.Child> _networkProgramming;
    private readonly FamilySeries<Gauge.Child> _lastSuccess;
    private readonly FamilySeries<Gauge.Child> _lastQueued;

    /// <summary>Registers the metrics of a mode.</summary>
    public SyncMetrics(MetricsPage page, string mode, TimeProvider time)
    {
        _time = time;
        bool hasDurations = mode is ProxyMode.Iptables or ProxyMode.Nftables;
        _duration = new(page.Histogram(Duration("sync_proxy_rules_duration_seconds", "Duration of every sync of the rules, in seconds."), hasDurations));
        _fullDuration = new(page.Histogram(Duration("sync_full_proxy_rules_duration_seconds", "Duration of full syncs of the rules, in seconds."), hasDurations));
        _partialDuration = new(page.Histogram(Duration("sync_partial_proxy_rules_duration_seconds", "Duration of partial syncs of the rules, in seconds."), hasDurations));
        _networkProgramming = new(page.Histogram(
            MetricDefinition.OfKubeProxy("network_programming_duration_seconds", "Time from the change of a pod or Service until the rules of this node followed, in seconds.", MetricDefinition.Family).WithBuckets(BucketBounds.NetworkProgramming)));
        _lastSuccess = new(page.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_last_timestamp_seconds", "Unix time of the last successful sync.", MetricDefinition.Family)));
        _lastQueued = new(page.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_last_queued_timestamp_seconds", "Unix time of the last request for a sync.", MetricDefinition.Family)));
    }

    /// <summary>Records a request for a sync, or the start of the sync loop.</summary>
    public void Queued(IpFamily family) => _lastQueued[family].Set(Now());

    /// <summary>Records a sync, except one that only waited for the initial lists.</summary>
    public void Finished(IpFamily family, bool isFull, TimeSpan duration, bool succeeded)
    {
        _duration[family].Observe(duration.TotalSeconds);
        (isFull ? _fullDuration : _partialDuration)[family].Observe(duration.TotalSeconds);
        if (succeeded)
        {
            _lastSuccess[family].Set(Now());
        }
    }

    /// <summary>Records the latency of a change; called after a successful sync, once per trigger time (spec 3.7).</summary>
    /// <param name="family">The family.</param>
    /// <param name="latency">The time since the trigger.</param>
    public void NetworkProgrammed(IpFamily family, TimeSpan latency) => _networkProgramming[family].Observe(latency.TotalSeconds);

    private static MetricDefinition Duration(string name, string help) =>
        MetricDefinition.OfKubeProxy(name, help, MetricDefinition.Family).WithBuckets(BucketBounds.Sync);

    private double Now() => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
