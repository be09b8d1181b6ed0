using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Removal of stale conntrack entries (spec 8.2), and packets of the nfacct counters (spec 10.1).</summary>
internal sealed class ConntrackMetrics
{
    private readonly FamilySeries<Histogram.Child> _duration;
    private readonly FamilySeries<Counter.Child> _deleted;

    /// <summary>Registers the metrics of a mode.</summary>
    /// <param name="page">The page.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="invalidDropped">Reads the packets of nfacct <c>ct_state_invalid_dropped_pkts</c>; null if there is no such counter.</param>
    /// <param name="localhostAccepted">Reads the packets of nfacct <c>localhost_nps_accepted_pkts</c>; null if there is no such counter.</param>
    public ConntrackMetrics(MetricsPage page, string mode, Func<ulong?> invalidDropped, Func<ulong?> localhostAccepted)
    {
        bool hasReconciler = mode is ProxyMode.Iptables or ProxyMode.Nftables;
        _duration = new(page.Histogram(
            MetricDefinition.OfKubeProxy("conntrack_reconciler_sync_duration_seconds", "Duration of a removal of stale flows, in seconds.", MetricDefinition.Family).WithBuckets(BucketBounds.Sync),
            hasReconciler));
        _deleted = new(page.Counter(
            MetricDefinition.OfKubeProxy("conntrack_reconciler_deleted_entries_total", "Stale flows removed.", MetricDefinition.Family), hasReconciler));
        page.ReadCounter(
            MetricDefinition.OfKubeProxy("iptables_ct_state_invalid_dropped_packets_total", "Packets dropped because conntrack takes them for invalid."),
            () => invalidDropped(),
            mode == ProxyMode.Iptables);
        page.ReadCounter(
            MetricDefinition.OfKubeProxy("iptables_localhost_nodeports_accepted_packets_total", "Packets accepted for node ports on loopback addresses."),
            () => localhostAccepted(),
            mode == ProxyMode.Iptables);
    }

    /// <summary>Records a removal of stale entries; not called if the entries could not be listed.</summary>
    public void Reconciled(IpFamily family, TimeSpan duration, int deleted)
    {
        _duration[family].Observe(duration.TotalSeconds);
        Deleted(family, deleted);
    }

    /// <summary>Counts deleted entries.</summary>
    public void Deleted(IpFamily family, int deleted) => _deleted[family].Inc(deleted);
}
