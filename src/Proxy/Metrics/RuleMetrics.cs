using System.Diagnostics.Metrics;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>How many rules there are, and what the kernel's tools said about them (spec 10.1).</summary>
internal sealed class RuleMetrics
{
    private static readonly KeyValuePair<string, object?> s_filter = new("table", "filter");
    private static readonly KeyValuePair<string, object?> s_nat = new("table", "nat");
    private static readonly KeyValuePair<string, object?> s_internal = new("traffic_policy", "internal");
    private static readonly KeyValuePair<string, object?> s_external = new("traffic_policy", "external");

    private readonly Gauge<double> _iptablesTotal;
    private readonly Gauge<double> _iptablesLast;
    private readonly Gauge<double> _noLocalEndpoints;
    private readonly Counter<long> _restoreFailures;
    private readonly Counter<long> _partialRestoreFailures;
    private readonly Counter<long> _nftablesSyncFailures;
    private readonly Counter<long> _nftablesCleanupFailures;

    /// <summary>Registers the metrics of a mode.</summary>
    public RuleMetrics(MetricRegistry registry, string mode)
    {
        bool isIptables = mode == ProxyMode.Iptables;
        bool isNftables = mode == ProxyMode.Nftables;
        _iptablesTotal = registry.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_iptables_total", "iptables rules that should be installed.", MetricTags.Family, "table"), isIptables);
        _iptablesLast = registry.Gauge(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_iptables_last", "iptables rules written by the last sync.", MetricTags.Family, "table"), isIptables);
        _restoreFailures = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_iptables_restore_failures_total", "Runs of iptables-restore that failed.", MetricTags.Family), isIptables);
        _partialRestoreFailures = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_iptables_partial_restore_failures_total", "Partial syncs that iptables-restore refused.", MetricTags.Family),
            isIptables);
        _nftablesSyncFailures = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_nftables_sync_failures_total", "Syncs that nft refused.", MetricTags.Family), isNftables);
        _nftablesCleanupFailures = registry.Counter(
            MetricDefinition.OfKubeProxy("sync_proxy_rules_nftables_cleanup_failures_total", "Removals of stale chains that nft refused.", MetricTags.Family), isNftables);
        _noLocalEndpoints = registry.Gauge(
            MetricDefinition.OfKubeProxy(
                "sync_proxy_rules_no_local_endpoints_total",
                "Service ports that a Local traffic policy leaves without endpoints on this node.",
                MetricTags.Family,
                "traffic_policy"));
    }

    /// <summary>The rules of a sync were rendered; called before they are restored.</summary>
    /// <param name="table">The table.</param>
    /// <param name="family">The family.</param>
    /// <param name="total">Rules that should be installed, without chain deletions.</param>
    /// <param name="last">Rules written this time.</param>
    public void IptablesRules(IptablesTable table, IpFamily family, long total, long last)
    {
        KeyValuePair<string, object?> tag = table == IptablesTable.Filter ? s_filter : s_nat;
        _iptablesTotal.Record(total, MetricTags.Of(family), tag);
        _iptablesLast.Record(last, MetricTags.Of(family), tag);
    }

    /// <summary>iptables-restore failed, be it in a sync or in a clean-up.</summary>
    public void RestoreFailed(IpFamily family, bool isPartial)
    {
        _restoreFailures.Add(1, MetricTags.Of(family));
        if (isPartial)
        {
            _partialRestoreFailures.Add(1, MetricTags.Of(family));
        }
    }

    /// <summary>The transaction of a sync failed in nft.</summary>
    public void NftablesSyncFailed(IpFamily family) => _nftablesSyncFailures.Add(1, MetricTags.Of(family));

    /// <summary>The removal of stale chains failed in nft.</summary>
    public void NftablesCleanupFailed(IpFamily family) => _nftablesCleanupFailures.Add(1, MetricTags.Of(family));

    /// <summary>Service ports without local endpoints, counted in a successful sync (spec 4.5).</summary>
    public void NoLocalEndpoints(TrafficPolicyScope scope, IpFamily family, int count) =>
        _noLocalEndpoints.Record(count, MetricTags.Of(family), scope == TrafficPolicyScope.Internal ? s_internal : s_external);
}
