using System.Globalization;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>Names, types, labels, buckets and modes of spec 10.1 and 10.2.</summary>
public sealed class ProxyMetricsTests
{
    private const string B1 = "0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 16.384 +Inf";
    private const string Request = "0.005 0.025 0.1 0.25 0.5 1 2 4 8 15 30 60 +Inf";
    private const string Size = "64 256 512 1024 4096 16384 65536 262144 1.048576e+06 4.194304e+06 1.6777216e+07 +Inf";

    /// <summary>Name, type, labels, modes (i, n), buckets.</summary>
    private static readonly string[] s_table =
    [
        "kubeproxy_sync_proxy_rules_duration_seconds|histogram|ip_family|in|" + B1,
        "kubeproxy_sync_full_proxy_rules_duration_seconds|histogram|ip_family|in|" + B1,
        "kubeproxy_sync_partial_proxy_rules_duration_seconds|histogram|ip_family|in|" + B1,
        "kubeproxy_sync_proxy_rules_last_timestamp_seconds|gauge|ip_family|inv|",
        "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds|gauge|ip_family|inv|",
        "kubeproxy_network_programming_duration_seconds|histogram|ip_family|inv|B2",
        "kubeproxy_sync_proxy_rules_endpoint_changes_pending|gauge||inv|",
        "kubeproxy_sync_proxy_rules_endpoint_changes_total|counter||inv|",
        "kubeproxy_sync_proxy_rules_service_changes_pending|gauge||inv|",
        "kubeproxy_sync_proxy_rules_service_changes_total|counter||inv|",
        "kubeproxy_sync_proxy_rules_iptables_total|gauge|ip_family table|i|",
        "kubeproxy_sync_proxy_rules_iptables_last|gauge|ip_family table|i|",
        "kubeproxy_sync_proxy_rules_iptables_restore_failures_total|counter|ip_family|i|",
        "kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total|counter|ip_family|i|",
        "kubeproxy_sync_proxy_rules_nftables_sync_failures_total|counter|ip_family|n|",
        "kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total|counter|ip_family|n|",
        "kubeproxy_sync_proxy_rules_no_local_endpoints_total|gauge|ip_family traffic_policy|inv|",
        "kubeproxy_proxy_healthz_total|counter|code|inv|",
        "kubeproxy_proxy_livez_total|counter|code|inv|",
        "kubeproxy_conntrack_reconciler_sync_duration_seconds|histogram|ip_family|in|" + B1,
        "kubeproxy_conntrack_reconciler_deleted_entries_total|counter|ip_family|in|",
        "kubeproxy_iptables_ct_state_invalid_dropped_packets_total|counter||i|",
        "kubeproxy_iptables_localhost_nodeports_accepted_packets_total|counter||i|",
        "kubernetes_build_info|gauge|build_date compiler git_commit git_tree_state git_version go_version major minor platform|inv|",
        "kubernetes_feature_enabled|gauge|name stage|inv|",
        "registered_metrics_total|counter|deprecated_version stability_level|inv|",
        "disabled_metrics_total|counter||inv|",
        "hidden_metrics_total|counter||inv|",
        "rest_client_requests_total|counter|code host method|inv|",
        "rest_client_request_retries_total|counter|code host verb|inv|",
        "rest_client_request_duration_seconds|histogram|host verb|inv|" + Request,
        "rest_client_rate_limiter_duration_seconds|histogram|host verb|inv|" + Request,
        "rest_client_request_size_bytes|histogram|host verb|inv|" + Size,
        "rest_client_response_size_bytes|histogram|host verb|inv|" + Size,
        "process_cpu_seconds_total|counter||inv|",
        "process_resident_memory_bytes|gauge||inv|",
        "process_virtual_memory_bytes|gauge||inv|",
        "process_virtual_memory_max_bytes|gauge||inv|",
        "process_open_fds|gauge||inv|",
        "process_max_fds|gauge||inv|",
        "process_start_time_seconds|gauge||inv|",
    ];

    [Theory]
    [InlineData("iptables", 'i')]
    [InlineData("nftables", 'n')]
    [InlineData("ipvs", 'v')]
    public void MetricsAreThoseOfTheSpecification(string mode, char letter)
    {
        ProxyMetrics metrics = Scrape.NewMetrics(mode, nfacct: 7);
        UpdateEverything(metrics);

        Exposition exposition = Scrape.Read(metrics);

        string[] expected = [.. s_table.Where(line => line.Split('|')[3].Contains(letter)).Select(static line => Without(line, 3)).Order(StringComparer.Ordinal)];
        string[] found = [.. exposition.Families.Values
            .Where(static family => !family.Name.StartsWith("kubeproxysharp_", StringComparison.Ordinal))
            .Select(static family => $"{family.Name}|{family.Type}|{string.Join(' ', family.LabelNames)}|{Buckets(family)}")
            .Order(StringComparer.Ordinal)];
        found.Should().Equal(expected);
    }

    [Fact]
    public void HelpOfKubernetesMetricsOpensWithTheirStability()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        UpdateEverything(metrics);

        foreach (ExposedFamily family in Scrape.Read(metrics).Families.Values)
        {
            string prefix = family.Name.Split('_')[0] switch
            {
                "kubeproxy" or "rest" => "[ALPHA] ",
                "registered" or "disabled" or "hidden" => "[BETA] ",
                _ => "",
            };
            family.Help.Should().StartWith(prefix).And.NotBe(prefix);
        }
    }

    [Fact]
    public void LabelNamesAreOrdered()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        UpdateEverything(metrics);

        Exposition exposition = Scrape.Read(metrics);

        exposition.Families.Values.Should().AllSatisfy(static family => family.LabelNames.Should().BeInAscendingOrder(StringComparer.Ordinal));
    }

    [Fact]
    public void VectorsAppearWithTheirFirstUpdate()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();

        Exposition before = Scrape.Read(metrics);

        before.Families.Should().NotContainKey("kubeproxy_proxy_healthz_total").And.NotContainKey("kubeproxy_sync_proxy_rules_duration_seconds");
        before.Value("kubeproxy_sync_proxy_rules_endpoint_changes_total").Should().Be(0);
        before.Families.Should().NotContainKey("kubeproxy_iptables_ct_state_invalid_dropped_packets_total", "there is no such counter here");
    }

    [Fact]
    public void SyncsAreCountedByKindAndSuccess()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        metrics.Syncs.Finished(IpFamily.IPv4, isFull: true, TimeSpan.FromMilliseconds(2), succeeded: false);

        Exposition failed = Scrape.Read(metrics);
        failed.Families.Should().NotContainKey("kubeproxy_sync_proxy_rules_last_timestamp_seconds").And.NotContainKey("kubeproxy_sync_partial_proxy_rules_duration_seconds");
        metrics.Syncs.Finished(IpFamily.IPv4, isFull: false, TimeSpan.FromSeconds(100), succeeded: true);

        Exposition both = Scrape.Read(metrics);
        both.Value("kubeproxy_sync_proxy_rules_duration_seconds_bucket", ("ip_family", "IPv4"), ("le", "0.001")).Should().Be(0);
        both.Value("kubeproxy_sync_proxy_rules_duration_seconds_bucket", ("ip_family", "IPv4"), ("le", "0.002")).Should().Be(1, "a bound belongs to its bucket");
        both.Value("kubeproxy_sync_proxy_rules_duration_seconds_bucket", ("ip_family", "IPv4"), ("le", "16.384")).Should().Be(1);
        both.Value("kubeproxy_sync_proxy_rules_duration_seconds_bucket", ("ip_family", "IPv4"), ("le", "+Inf")).Should().Be(2);
        both.Value("kubeproxy_sync_proxy_rules_duration_seconds_sum", ("ip_family", "IPv4")).Should().BeApproximately(100.002, 1e-9);
        both.Value("kubeproxy_sync_partial_proxy_rules_duration_seconds_count", ("ip_family", "IPv4")).Should().Be(1);
        both.Value("kubeproxy_sync_proxy_rules_last_timestamp_seconds", ("ip_family", "IPv4")).Should().BeGreaterThan(1.7e9);
    }

    [Fact]
    public void PendingChangesGoBackToZero()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        metrics.Changes.EndpointsChanged(isChange: true);
        metrics.Changes.EndpointsChanged(isChange: false);
        metrics.Changes.ServiceChanged(pendingServices: 3);

        Exposition pending = Scrape.Read(metrics);
        metrics.Changes.EndpointChangesTaken();
        metrics.Changes.ServiceChangesTaken();
        Exposition taken = Scrape.Read(metrics);

        pending.Value("kubeproxy_sync_proxy_rules_endpoint_changes_total").Should().Be(2);
        pending.Value("kubeproxy_sync_proxy_rules_endpoint_changes_pending").Should().Be(1);
        pending.Value("kubeproxy_sync_proxy_rules_service_changes_pending").Should().Be(3);
        taken.Value("kubeproxy_sync_proxy_rules_endpoint_changes_pending").Should().Be(0);
        taken.Value("kubeproxy_sync_proxy_rules_service_changes_pending").Should().Be(0);
    }

    [Fact]
    public void QuarantinedServicesComeAndGoAndAreBounded()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        metrics.Quarantine.Set(IpFamily.IPv4, [.. Enumerable.Range(0, 5000).Select(static number => new NamespacedName("shop", $"web{number:0000}"))]);

        Exposition many = Scrape.Read(metrics);
        metrics.Quarantine.Set(IpFamily.IPv4, []);
        Exposition none = Scrape.Read(metrics);

        many.Value("kubeproxysharp_quarantined_services", ("ip_family", "IPv4")).Should().Be(5000);
        many.Families["kubeproxysharp_quarantined_service"].Samples.Should().HaveCount(QuarantineMetrics.MaximumNamed);
        many.Value("kubeproxysharp_quarantined_service", ("ip_family", "IPv4"), ("namespace", "shop"), ("name", "web0000")).Should().Be(1);
        none.Families.Should().NotContainKey("kubeproxysharp_quarantined_service");
        none.Value("kubeproxysharp_quarantined_services", ("ip_family", "IPv4")).Should().Be(0);
    }

    [Fact]
    public void AWatchIsInOneState()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        metrics.Watches.Entered(WatchedResource.Services, WatchState.Watching);

        Exposition exposition = Scrape.Read(metrics);

        exposition.Families["kubeproxysharp_watch_state"].Samples.Should().HaveCount(16);
        exposition.Value("kubeproxysharp_watch_state", ("resource", "services"), ("state", "watching")).Should().Be(1);
        exposition.Value("kubeproxysharp_watch_state", ("resource", "services"), ("state", "idle")).Should().Be(0);
        exposition.Value("kubeproxysharp_watch_state", ("resource", "nodes"), ("state", "idle")).Should().Be(1);
    }

    [Fact]
    public void AnEndlessLabelStopsAtTheBound()
    {
        const int Bound = 512;
        ProxyMetrics metrics = Scrape.NewMetrics();
        for (int number = 0; number < 2 * Bound; number++)
        {
            metrics.ApiClient.RequestFinished(HttpMethod.Get, $"host{number}", 200, TimeSpan.Zero);
        }

        metrics.ApiClient.RequestFinished(HttpMethod.Get, "host0", 200, TimeSpan.Zero);

        Exposition exposition = Scrape.Read(metrics);

        exposition.Families["rest_client_requests_total"].Samples.Should().HaveCount(Bound);
        exposition.Value("rest_client_requests_total", ("code", "200"), ("host", "host0"), ("method", "GET")).Should().Be(2, "it was there before");
        exposition.Value("kubeproxysharp_metrics_dropped_updates_total").Should().Be(2 * Bound, "two metrics each had too many");
    }

    [Fact]
    public void UpdatesAllocateNothing()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        UpdateEverything(metrics);

        Update(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
        {
            Update(round);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1000, "1000 rounds of ten updates");

        void Update(int round)
        {
            metrics.Changes.EndpointsChanged(isChange: true);
            metrics.Changes.ServiceChanged(round);
            metrics.Syncs.Queued(IpFamily.IPv6);
            metrics.Syncs.Finished(IpFamily.IPv6, isFull: false, TimeSpan.FromMilliseconds(round), succeeded: true);
            metrics.Syncs.NetworkProgrammed(IpFamily.IPv4, TimeSpan.FromSeconds(1));
            metrics.Rules.IptablesRules(IptablesTable.Nat, IpFamily.IPv4, round, round);
            metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.Internal, IpFamily.IPv4, round);
            metrics.Agent.RulesRendered(IpFamily.IPv4, round, TimeSpan.Zero);
            metrics.Watches.EventReceived(WatchedResource.EndpointSlices);
            metrics.ApiClient.RequestFinished(HttpMethod.Get, "10.0.0.1:443", 200, TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task UpdatesFromManyThreadsAreAllCounted()
    {
        ProxyMetrics metrics = Scrape.NewMetrics();
        Task[] writers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int round = 0; round < 10_000; round++)
            {
                metrics.Changes.EndpointsChanged(isChange: true);
                metrics.Syncs.Finished(IpFamily.IPv4, isFull: true, TimeSpan.FromSeconds(1), succeeded: true);
            }
        }))];
        for (int round = 0; round < 20; round++)
        {
            Scrape.Read(metrics);
        }

        await Task.WhenAll(writers);

        Exposition exposition = Scrape.Read(metrics);
        exposition.Value("kubeproxy_sync_proxy_rules_endpoint_changes_pending").Should().Be(40_000);
        exposition.Value("kubeproxy_sync_proxy_rules_duration_seconds_count", ("ip_family", "IPv4")).Should().Be(40_000);
        exposition.Value("kubeproxy_sync_proxy_rules_duration_seconds_sum", ("ip_family", "IPv4")).Should().Be(40_000);
    }

    internal static void UpdateEverything(ProxyMetrics metrics)
    {
        metrics.Syncs.Queued(IpFamily.IPv4);
        metrics.Syncs.Queued(IpFamily.IPv6);
        metrics.Syncs.Finished(IpFamily.IPv4, isFull: true, TimeSpan.FromSeconds(1), succeeded: true);
        metrics.Syncs.Finished(IpFamily.IPv6, isFull: false, TimeSpan.FromSeconds(1), succeeded: true);
        metrics.Syncs.NetworkProgrammed(IpFamily.IPv4, TimeSpan.FromSeconds(1));
        metrics.Rules.IptablesRules(IptablesTable.Filter, IpFamily.IPv4, 5, 5);
        metrics.Rules.IptablesRules(IptablesTable.Nat, IpFamily.IPv4, 5, 5);
        metrics.Rules.RestoreFailed(IpFamily.IPv4, isPartial: true);
        metrics.Rules.NftablesSyncFailed(IpFamily.IPv4);
        metrics.Rules.NftablesCleanupFailed(IpFamily.IPv4);
        metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.Internal, IpFamily.IPv4, 1);
        metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.External, IpFamily.IPv4, 2);
        metrics.Conntrack.Reconciled(IpFamily.IPv4, TimeSpan.FromSeconds(1), deleted: 3);
        metrics.Probes.Answered(HealthProbe.Healthz, isSuccess: true);
        metrics.Probes.Answered(HealthProbe.Livez, isSuccess: false);
        metrics.ApiClient.RequestFinished(HttpMethod.Get, "10.0.0.1:443", 200, TimeSpan.FromSeconds(1));
        metrics.ApiClient.RequestRetried(HttpMethod.Get, "10.0.0.1:443", statusCode: null);
        metrics.ApiClient.BodiesTransferred(HttpMethod.Get, "10.0.0.1:443", 0, 1000);
        metrics.ApiClient.RateLimited(HttpMethod.Get, "10.0.0.1:443", TimeSpan.Zero);
        metrics.Agent.DriftDetected(IpFamily.IPv4, DriftReason.JumpLost);
        metrics.Agent.DriftRepaired(IpFamily.IPv4, DriftReason.JumpLost);
        metrics.Agent.RulesRendered(IpFamily.IPv4, 1000, TimeSpan.FromSeconds(1));
        metrics.Agent.ToolFinished(IpFamily.IPv4, TimeSpan.FromSeconds(1));
        metrics.Agent.ObjectProblems(ProblemSeverity.Error, 1);
        metrics.Watches.Entered(WatchedResource.Services, WatchState.BackingOff);
        metrics.Watches.EventReceived(WatchedResource.EndpointSlices);
        metrics.Quarantine.Set(IpFamily.IPv4, [new("shop", "web")]);
    }

    private static string Without(string line, int column) => string.Join('|', line.Split('|').Where((_, index) => index != column));

    private static string Buckets(ExposedFamily family)
    {
        string bounds = string.Join(' ', family.Bounds);
        return bounds == NetworkProgrammingBounds() ? "B2" : bounds;
    }

    // B2 of the specification: 0.25, 0.5, then 1...59 step 1, then 60...115 step 5, then 120...300 step 30.
    private static string NetworkProgrammingBounds()
    {
        List<string> bounds = ["0.25", "0.5"];
        for (int second = 1; second <= 300; second += second < 60 ? 1 : second < 120 ? 5 : 30)
        {
            bounds.Add(second.ToString(CultureInfo.InvariantCulture));
        }

        return string.Join(' ', bounds) + " +Inf";
    }
}
