using System.Diagnostics.Metrics;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Removal of stale flows (spec 8.2), and the packets that the nfacct counters saw (spec 10.1).</summary>
internal sealed class ConntrackMetrics
{
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _deleted;

    /// <summary>Registers the metrics of a mode.</summary>
    /// <param name="registry">The page.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="invalidDropped">Reads the packets of nfacct <c>ct_state_invalid_dropped_pkts</c>; null when there is no such counter.</param>
    /// <param name="localhostAccepted">Reads the packets of nfacct <c>localhost_nps_accepted_pkts</c>; null when there is no such counter.</param>
    public ConntrackMetrics(MetricRegistry registry, string mode, Func<ulong?> invalidDropped, Func<ulong?> localhostAccepted)
    {
        bool hasReconciler = mode is ProxyMode.Iptables or ProxyMode.Nftables;
        _duration = registry.Histogram(
            MetricDefinition.OfKubeProxy("conntrack_reconciler_sync_duration_seconds", "Duration of a removal of stale flows, in seconds.", MetricTags.Family).WithBuckets(BucketBounds.Sync),
            hasReconciler);
        _deleted = registry.Counter(
            MetricDefinition.OfKubeProxy("conntrack_reconciler_deleted_entries_total", "Stale flows removed.", MetricTags.Family), hasReconciler);
        registry.ReadCounter(
            MetricDefinition.OfKubeProxy("iptables_ct_state_invalid_dropped_packets_total", "Packets dropped because conntrack takes them for invalid."),
            () => Measure(invalidDropped),
            mode == ProxyMode.Iptables);
        registry.ReadCounter(
            MetricDefinition.OfKubeProxy("iptables_localhost_nodeports_accepted_packets_total", "Packets accepted for node ports on loopback addresses."),
            () => Measure(localhostAccepted),
            mode == ProxyMode.Iptables);
    }

    /// <summary>A removal of stale flows ended; not called when the flows could not be listed.</summary>
    public void Reconciled(IpFamily family, TimeSpan duration, int deleted)
    {
        _duration.Record(duration.TotalSeconds, MetricTags.Of(family));
        Deleted(family, deleted);
    }

    /// <summary>Flows were removed.</summary>
    public void Deleted(IpFamily family, int deleted) => _deleted.Add(deleted, MetricTags.Of(family));

    private static Measurement<double>[] Measure(Func<ulong?> read) => read() is { } packets ? [new(packets)] : [];
}
