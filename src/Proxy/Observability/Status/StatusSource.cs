using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>Makes the report of <c>/status</c> from what was recorded. Called from any thread.</summary>
/// <param name="facts">What does not change.</param>
/// <param name="recorder">What the agent did last.</param>
/// <param name="health">The health.</param>
/// <param name="metrics">The metrics, for flows and watches.</param>
internal sealed class StatusSource(StatusFacts facts, StatusRecorder recorder, ProxyHealth health, ProxyMetrics metrics)
{
    private const int SchemaVersion = 1;
    private const int MostServices = 5;

    private readonly (FamilyRules Rules, RuleContents Contents)?[] _counted = new (FamilyRules, RuleContents)?[2];
    private readonly Lock _countGate = new(); // of readers among themselves

    /// <summary>The state now.</summary>
    public StatusReport Read()
    {
        HealthReport report = health.Read();
        string[] failing = [.. HealthText.Describe(report, HealthProbe.Healthz).Split('\n').Where(static line => line.StartsWith("[-]", StringComparison.Ordinal)).Select(static line => line[3..])];
        IpFamily[] families = [.. report.Families.Select(static family => family.Family)];
        return new(
            SchemaVersion,
            report.CurrentTime,
            new(HealthText.IsSuccess(report, HealthProbe.Healthz), HealthText.IsSuccess(report, HealthProbe.Readyz), HealthText.IsSuccess(report, HealthProbe.Livez), report.IsNodeEligible, report.WaitsFor, failing),
            new(facts.Node, facts.Mode, facts.RulesBy, BuildInformation.Version, BuildInformation.Commit, BuildInformation.Runtime, KubernetesVersion.Text, facts.Kernel, recorder.Since),
            [.. report.Families.Select(Read)],
            ReadApiServer(),
            new(recorder.RefusedServices.Count, [.. recorder.RefusedServices.Values.Take(StatusRecorder.MostItems)]),
            recorder.Problems,
            ReadConntrack(),
            ReadPorts(report),
            ReadConnections());
    }

    private FamilyStatus Read(FamilyHealth family)
    {
        FamilyRecord record = recorder.Of(family.Family);
        return new(
            $"{family.Family}",
            family.AreRulesWritten,
            family.PendingSince,
            family.LastError,
            record.LastSync,
            record.Drift with { Since = family.DriftSince, LastWhat = family.Drift.Length == 0 ? record.Drift.LastWhat : family.Drift },
            record.Rules is { } rules ? Count(rules) : null);
    }

    private ApiServerStatus ReadApiServer()
    {
        if (facts.IsFromManifests)
        {
            return new("manifests", null, [], "", null);
        }

        WatchStatus[] watches = [.. metrics.Watches.Read().Select(static watch => new WatchStatus(watch.Resource, watch.State, watch.LastEvent))];
        return new("api", watches.Any(static watch => watch.State == "watching") && watches.All(static watch => watch.State != "backing_off"), watches, recorder.LastApiProblem?.Text ?? "", recorder.LastApiProblem?.At);
    }

    private ConntrackStatusReport ReadConntrack()
    {
        (long entries, long limit, long removed, IReadOnlyList<Conntrack.Stale.ServiceFlowCount> services) = metrics.Flows.Read();
        ServiceFlowsStatus[] largest = [.. services.Take(MostServices).Select(static count => new ServiceFlowsStatus($"{count.Name}", $"{count.Family}", count.Flows))];
        return new(limit == 0 ? null : entries, limit == 0 ? null : limit, removed, largest, facts.CountsServiceFlows ? "" : "flows are counted by Service only with --conntrack-service-flows");
    }

    private NewConnectionsStatus[]? ReadConnections() => metrics.ServiceConnections.IsOn
        ? [.. metrics.ServiceConnections.Rates.Select(static rate => new NewConnectionsStatus($"{rate.Port}", Math.Round(rate.PerSecond, 3)))]
        : null;

    private BoundedList<HealthCheckPortStatus> ReadPorts(HealthReport report)
    {
        List<HealthCheckPortStatus> ports = [];
        int total = 0;
        foreach (FamilyHealth family in report.Families)
        {
            BoundedList<HealthCheckPortStatus> known = recorder.Of(family.Family).HealthCheckPorts;
            total += known.Total;
            ports.AddRange(known.Items.Select(port => family.AreRulesWritten ? port : port with { LocalEndpoints = 0 }));
        }

        return new(total, ports);
    }

    private RuleContents Count(FamilyRules rules)
    {
        lock (_countGate)
        {
            if (_counted[(int)rules.Family] is { } counted && ReferenceEquals(counted.Rules, rules))
            {
                return counted.Contents;
            }

            int ports = 0, frontends = 0, endpoints = 0, used = 0, notReady = 0;
            foreach (ServiceRules service in rules.Services.Values)
            {
                foreach (ServicePortRules port in service.Ports)
                {
                    ports++;
                    frontends += port.FrontendCount;
                    endpoints += port.Endpoints.All.Length;
                    used += port.Endpoints.Reachable.Length;
                    foreach (Endpoint endpoint in port.Endpoints.All)
                    {
                        notReady += endpoint.IsReady || endpoint.IsFallback ? 0 : 1;
                    }
                }
            }

            RuleContents contents = new(rules.Services.Count, ports, frontends, endpoints, used, notReady, Math.Max(0, endpoints - used - notReady));
            _counted[(int)rules.Family] = (rules, contents);
            return contents;
        }
    }
}

/// <summary>What does not change while the agent runs.</summary>
internal sealed record StatusFacts(string Node, string Mode, string RulesBy, string Kernel, bool IsFromManifests, bool CountsServiceFlows);
