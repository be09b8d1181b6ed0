using System.Diagnostics.Metrics;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>When rules were brought into the kernel, and how long that took (spec 10.1).</summary>
internal sealed class SyncMetrics
{
    private readonly TimeProvider _time;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _fullDuration;
    private readonly Histogram<double> _partialDuration;
    private readonly Histogram<double> _networkProgramming;
    private readonly Gauge<double> _lastSuccess;
    private readonly Gauge<double> _lastQueued;

    /// <summary>Registers the metrics of a mode.</summary>
    public SyncMetrics(MetricRegistry registry, string mode, TimeProvider time)
    {
        _time = time;
        bool hasDurations = mode is ProxyMode.Iptables or ProxyMode.Nftables;
        _duration = registry.Histogram(Duration("sync_proxy_rules_duration_seconds", "Duration of every sync of the rules, in seconds."), hasDurations);
        _fullDuration = registry.Histogram(Duration("sync_full_proxy_rules_duration_seconds", "Duration of full syncs of the rules, in seconds."), hasDurations);
        _partialDuration = registry.Histogram(Duration("sync_partial_proxy_rules_duration_seconds", "Duration of partial syncs of the rules, in seconds."), hasDurations);
        _networkProgramming = registry.Histogram(
            MetricDefinition.OfKubeProxy("network_programming_duration_seconds", "Time from the change of a pod or Service until the rules of this node followed, in seconds.", MetricTags.Family).WithBuckets(BucketBounds.NetworkProgramming));
        _lastSuccess = registry.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_last_timestamp_seconds", "Unix time of the last successful sync.", MetricTags.Family));
        _lastQueued = registry.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_last_queued_timestamp_seconds", "Unix time of the last request for a sync.", MetricTags.Family));
    }

    /// <summary>A sync was asked for, or the sync loop started.</summary>
    public void Queued(IpFamily family) => _lastQueued.Record(Now(), MetricTags.Of(family));

    /// <summary>A sync that passed the initialisation gate ended.</summary>
    public void Finished(IpFamily family, bool isFull, TimeSpan duration, bool succeeded)
    {
        KeyValuePair<string, object?> tag = MetricTags.Of(family);
        _duration.Record(duration.TotalSeconds, tag);
        (isFull ? _fullDuration : _partialDuration).Record(duration.TotalSeconds, tag);
        if (succeeded)
        {
            _lastSuccess.Record(Now(), tag);
        }
    }

    /// <summary>The rules followed a change; called after a successful sync, once per trigger time (spec 3.7).</summary>
    /// <param name="family">The family.</param>
    /// <param name="latency">Time since the trigger.</param>
    public void NetworkProgrammed(IpFamily family, TimeSpan latency) => _networkProgramming.Record(latency.TotalSeconds, MetricTags.Of(family));

    private static MetricDefinition Duration(string name, string help) =>
        MetricDefinition.OfKubeProxy(name, help, MetricTags.Family).WithBuckets(BucketBounds.Sync);

    private double Now() => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
