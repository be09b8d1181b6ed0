using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Numbers of rules, and failures of the tools that load them (spec 10.1).</summary>
internal sealed class RuleMetrics
{
    private readonly FamilySeries<Gauge.Child>[] _iptablesTotal;
    private readonly FamilySeries<Gauge.Child>[] _iptablesLast;
    private readonly FamilySeries<Gauge.Child> _noInternalEndpoints;
    private readonly FamilySeries<Gauge.Child> _noExternalEndpoints;
    private readonly FamilySeries<Counter.Child> _restoreFailures;
    private readonly FamilySeries<Counter.Child> _partialRestoreFailures;
    private readonly FamilySeries<Counter.Child> _nftablesSyncFailures;
    private readonly FamilySeries<Counter.Child> _nftablesCleanupFailures;

    /// <summary>Registers the metrics of a mode.</summary>
    public RuleMetrics(MetricsPage page, string mode)
    {
        bool isIptables = mode == ProxyMode.Iptables;
        bool isNftables = mode == ProxyMode.Nftables;
        _iptablesTotal = ByTable("sync_proxy_rules_iptables_total", "iptables rules that should be installed.");
        _iptablesLast = ByTable("sync_proxy_rules_iptables_last", "iptables rules written by the last sync.");
        _restoreFailures = Failures("iptables_restore_failures_total", "Runs of iptables-restore that failed.", isIptables);
        _partialRestoreFailures = Failures("iptables_partial_restore_failures_total", "Partial syncs that iptables-restore refused.", isIptables);
        _nftablesSyncFailures = Failures("nftables_sync_failures_total", "Syncs that nft refused.", isNftables);
        _nftablesCleanupFailures = Failures("nftables_cleanup_failures_total", "Removals of stale chains that nft refused.", isNftables);
        Gauge noLocalEndpoints = page.Gauge(MetricDefinition.OfKubeProxy(
            "sync_proxy_rules_no_local_endpoints_total",
            "Service ports that a Local traffic policy leaves without endpoints on this node.",
            MetricDefinition.Family,
            "traffic_policy"));
        _noInternalEndpoints = new(noLocalEndpoints, "internal");
        _noExternalEndpoints = new(noLocalEndpoints, "external");

        FamilySeries<Gauge.Child>[] ByTable(string name, string help)
        {
            Gauge gauge = page.Gauge(MetricDefinition.OfKubeProxy(name, help, MetricDefinition.Family, "table"), isIptables);
            return [new(gauge, "filter"), new(gauge, "nat")];
        }

        FamilySeries<Counter.Child> Failures(string name, string help, bool isRegistered) =>
            new(page.Counter(MetricDefinition.OfKubeProxy("sync_proxy_rules_" + name, help, MetricDefinition.Family), isRegistered));
    }

    /// <summary>Sets the numbers of rules of a sync; called before they are restored.</summary>
    /// <param name="table">The table.</param>
    /// <param name="family">The family.</param>
    /// <param name="total">Rules that should be installed, without chain deletions.</param>
    /// <param name="last">Rules written this time.</param>
    public void IptablesRules(IptablesTable table, IpFamily family, long total, long last)
    {
        _iptablesTotal[(int)table][family].Set(total);
        _iptablesLast[(int)table][family].Set(last);
    }

    /// <summary>Counts a failure of iptables-restore in a sync or a clean-up.</summary>
    public void RestoreFailed(IpFamily family, bool isPartial)
    {
        _restoreFailures[family].Inc();
        if (isPartial)
        {
            _partialRestoreFailures[family].Inc();
        }
    }

    /// <summary>Counts a sync that nft refused.</summary>
    public void NftablesSyncFailed(IpFamily family) => _nftablesSyncFailures[family].Inc();

    /// <summary>Counts a removal of stale chains that nft refused.</summary>
    public void NftablesCleanupFailed(IpFamily family) => _nftablesCleanupFailures[family].Inc();

    /// <summary>Sets the number of service ports without local endpoints, after a successful sync (spec 4.5).</summary>
    public void NoLocalEndpoints(TrafficPolicyScope scope, IpFamily family, int count) =>
        (scope == TrafficPolicyScope.Internal ? _noInternalEndpoints : _noExternalEndpoints)[family].Set(count);
}

/// <summary>The tables that rules are counted in (spec 10.1).</summary>
internal enum IptablesTable
{
    /// <summary>filter: whether packets are accepted.</summary>
    Filter,

    /// <summary>nat: address translation.</summary>
    Nat,
}

/// <summary>One of the two traffic policies of a Service.</summary>
internal enum TrafficPolicyScope
{
    /// <summary><c>spec.internalTrafficPolicy</c>.</summary>
    Internal,

    /// <summary><c>spec.externalTrafficPolicy</c>.</summary>
    External,
}
