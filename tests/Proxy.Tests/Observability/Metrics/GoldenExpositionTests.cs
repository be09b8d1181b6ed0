using System.Text.RegularExpressions;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>The whole text of the pages, line by line: what dashboards and alerts read, whichever library writes it.</summary>
public sealed partial class GoldenExpositionTests
{
    [Theory]
    [InlineData("iptables", false, "iptables.prometheus.txt")]
    [InlineData("nftables", false, "nftables.prometheus.txt")]
    [InlineData("iptables", true, "iptables.openmetrics.txt")]
    [InlineData("nftables", true, "nftables.openmetrics.txt")]
    public void EveryLineIsAsRecorded(string mode, bool isOpenMetrics, string file)
    {
        ProxyMetrics metrics = NewMetrics(mode);
        UpdateEverything(metrics);

        Compare(Scrape.Text(metrics, isOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText), file);
    }

    [Fact]
    public void APageWithoutUpdatesIsAsRecorded()
    {
        ProxyMetrics metrics = NewMetrics("nftables");

        Compare(Scrape.Text(metrics), "fresh.prometheus.txt");
    }

    private static ProxyMetrics NewMetrics(string mode) => new(
        new ProxyMetricsOptions
        {
            Mode = mode,
            FeatureGates = [new("AllowServiceExternalIPs", "DEPRECATED", IsEnabled: true), new("NativeHistograms", "", IsEnabled: false)],
            InvalidDroppedPackets = static () => 12_345_678,
            LocalhostAcceptedPackets = static () => 42,
        },
        new ManualTimeProvider(),
        NullLogger.Instance);

    private static void Compare(string text, string file)
    {
        string[] lines = [.. text.TrimEnd('\n').Split('\n').Select(static line => OfThisMachine().Replace(line, "${name} *")).Order(StringComparer.Ordinal)];

        lines.Should().Equal(File.ReadAllLines(RepositoryRoot.Combine("tests", "Proxy.Tests", "Observability", "Metrics", "Golden", file)));
    }

    // What differs from run to run and from machine to machine.
    [GeneratedRegex("^(?<name>(process_|kubeproxysharp_dotnet_)[^ ]*|(kubernetes|kubeproxysharp)_build_info(?={)).*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OfThisMachine();

    private static void UpdateEverything(ProxyMetrics metrics)
    {
        ProxyMetricsTests.UpdateEverything(metrics);
        double[] seconds = [0, 0.00001234, 0.001, 0.0011, 0.3, 1.0 / 3, 5.5, 59, 117, 1_234_567.25];
        foreach (IpFamily family in (IpFamily[])[IpFamily.IPv4, IpFamily.IPv6])
        {
            foreach (double second in seconds)
            {
                TimeSpan duration = TimeSpan.FromSeconds(second);
                metrics.Syncs.Finished(family, isFull: true, duration, succeeded: true);
                metrics.Syncs.Finished(family, isFull: false, duration, succeeded: false);
                metrics.Syncs.NetworkProgrammed(family, duration);
                metrics.Conntrack.Reconciled(family, duration, deleted: 300_000);
                metrics.Agent.RulesRendered(family, 123_456_789, duration);
                metrics.Agent.ToolFinished(family, duration);
            }

            metrics.Rules.IptablesRules(IptablesTable.Filter, family, 1_000_000, 999_999);
            metrics.Rules.IptablesRules(IptablesTable.Nat, family, 1_234_567, 10_000_000);
            metrics.Rules.RestoreFailed(family, isPartial: false);
            metrics.Rules.RestoreFailed(family, isPartial: true);
            metrics.Rules.NftablesSyncFailed(family);
            metrics.Rules.NftablesCleanupFailed(family);
            metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.Internal, family, 0);
            metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.External, family, 7);
            foreach (DriftReason reason in Enum.GetValues<DriftReason>())
            {
                metrics.Agent.DriftDetected(family, reason);
                metrics.Agent.DriftRepaired(family, reason);
            }
        }

        metrics.Changes.EndpointsChanged(isChange: true);
        metrics.Changes.ServiceChanged(pendingServices: 3);
        metrics.Agent.ObjectProblems(ProblemSeverity.Warning, 4);
        UpdateConnections(metrics);
        UpdateFlows(metrics.Flows);
        metrics.Quarantine.Set(IpFamily.IPv6, [new("shop", "web"), new("bank", "api")]);
        foreach (WatchedResource resource in Enum.GetValues<WatchedResource>())
        {
            metrics.Watches.Entered(resource, WatchState.BackingOff);
            metrics.Watches.Entered(resource, WatchState.Watching);
            metrics.Watches.EventReceived(resource);
        }
    }

    private static void UpdateConnections(ProxyMetrics metrics)
    {
        foreach (bool isSuccess in (bool[])[true, false])
        {
            metrics.Probes.Answered(HealthProbe.Healthz, isSuccess);
            metrics.Probes.Answered(HealthProbe.Livez, isSuccess);
        }

        metrics.Connections.Evicted("metrics");
        metrics.Connections.Refused("health");
        foreach (int? code in (int?[])[200, 404, 999, 1000, null])
        {
            metrics.ApiClient.RequestFinished(HttpMethod.Get, "10.0.0.1:443", code, TimeSpan.FromMilliseconds(30));
            metrics.ApiClient.RequestFinished(HttpMethod.Post, "[fd00::1]:6443", code, TimeSpan.FromSeconds(70));
            metrics.ApiClient.RequestRetried(HttpMethod.Post, "a \"quoted\\\n host", code);
            metrics.ApiClient.BodiesTransferred(HttpMethod.Post, "a \"quoted\\\n host", 1_048_576, 1L << 40);
            metrics.ApiClient.RateLimited(HttpMethod.Get, "10.0.0.1:443", TimeSpan.FromMilliseconds(250));
        }
    }

    private static void UpdateFlows(FlowMetrics flows)
    {
        FlowCleanUpResult result = new() { Examined = 250_000_000, Duration = TimeSpan.FromMilliseconds(12) };
        foreach (FlowVerdict verdict in Enum.GetValues<FlowVerdict>())
        {
            result.Deleted.Count(verdict, (byte)TransportProtocol.Tcp);
            result.Deleted.Count(verdict, (byte)TransportProtocol.Udp);
            result.Deleted.Count(verdict, (byte)TransportProtocol.Sctp);
        }

        flows.Passed(result);
        flows.Passed(new FlowCleanUpResult { IsComplete = false });
        flows.Failed(unfinished: null);
        flows.Failed(result);
        flows.Sized(new TableSize(1_500_000, 2_097_152));
        flows.Counted(
        [
            new(IpFamily.IPv4, new ServicePortName(new("shop", "web"), "http", TransportProtocol.Tcp), 17),
            new(IpFamily.IPv6, new ServicePortName(new("shop", "dns"), "", TransportProtocol.Udp), 3_000_000),
        ]);
    }
}
