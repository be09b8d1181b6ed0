using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Logging;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Reports what the sync loop does: to health, metrics, health-check node ports, Events and the log.</summary>
/// <param name="families">The families that are synced.</param>
/// <param name="mode">The mode.</param>
/// <param name="nodeName">Name of this node.</param>
/// <param name="metrics">The metrics.</param>
/// <param name="health">The health.</param>
/// <param name="status">The state for /status.</param>
/// <param name="healthPorts">The health-check node ports.</param>
/// <param name="events">Where Events go.</param>
/// <param name="heap">Compacts the heap after syncs.</param>
/// <param name="applied">Called when the kernel has new rules.</param>
/// <param name="nodeChanged">Called with each new state of the Node.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
internal sealed partial class SyncReporting(
    IReadOnlyList<IpFamily> families,
    string mode,
    string nodeName,
    ProxyMetrics metrics,
    ProxyHealth health,
    StatusRecorder status,
    HealthPorts healthPorts,
    EventSink events,
    HeapCompactor heap,
    Action<SyncReport> applied,
    Action<Node> nodeChanged,
    ILogger log,
    TimeProvider time) : ISyncObserver, IDisposable
{
    /// <summary>Failures in a row after which an Event says so.</summary>
    private const int FailuresBeforeEvent = 3;

    private readonly LocalEndpoints[] _local = [new(), new()];
    private readonly ReportedProblems _problems = new();
    private readonly ReportedProblems _sliceProblems = new();
    private readonly RepeatedReports _repeated = new(time);
    private IReadOnlyList<string> _nodeProblems = [];

    /// <summary>Which families have had their rules in the kernel.</summary>
    public FirstSyncs FirstSyncs { get; } = new(families);

    /// <inheritdoc/>
    public void Requested()
    {
        foreach (IpFamily family in families)
        {
            health.SyncRequested(family);
            metrics.Syncs.Queued(family);
        }
    }

    /// <inheritdoc/>
    public void ServiceNoted(int pending)
    {
        for (int count = 0; count < families.Count; count++)
        {
            metrics.Changes.ServiceChanged(pending);
        }
    }

    /// <inheritdoc/>
    public void EndpointSliceNoted()
    {
        for (int count = 0; count < families.Count; count++)
        {
            metrics.Changes.EndpointsChanged(isChange: count == 0);
        }
    }

    /// <inheritdoc/>
    public void Taken()
    {
        metrics.Changes.ServiceChangesTaken();
        metrics.Changes.EndpointChangesTaken();
        int warnings = _problems.Count(ProblemSeverity.Warning) + _sliceProblems.Count(ProblemSeverity.Warning);
        int errors = _problems.Count(ProblemSeverity.Error) + _sliceProblems.Count(ProblemSeverity.Error);
        metrics.Agent.ObjectProblems(ProblemSeverity.Warning, warnings);
        metrics.Agent.ObjectProblems(ProblemSeverity.Error, errors);
        status.ProblemsCounted(errors, warnings);
    }

    /// <inheritdoc/>
    public void NodeChanged(Node node)
    {
        health.SetNodeEligible(!node.IsLeaving);
        nodeChanged(node);
    }

    /// <inheritdoc/>
    public void NodeProblemsChanged(IReadOnlyList<string> problems)
    {
        foreach (string problem in problems.Except(_nodeProblems, StringComparer.Ordinal))
        {
            LogProblem(problem);
        }

        if (problems.Count == 0)
        {
            LogNodeWell();
        }

        _nodeProblems = problems;
        status.SetNodeProblems(problems);
    }

    /// <inheritdoc/>
    public void Synced(SyncReport report)
    {
        IpFamily family = report.Family;
        heap.Worked();
        metrics.Syncs.Finished(family, report.IsFull, report.Duration, report.Result.IsApplied);
        RecordFigures(family, report.Figures);
        status.Synced(
            family,
            new(time.GetUtcNow(), report.Duration.TotalMilliseconds, report.IsFull ? "full" : "partial", report.Result.IsApplied, report.Services?.Count),
            report.Result.IsApplied ? report.Rules : null);
        LocalEndpoints local = _local[(int)family];
        if (!report.Result.IsApplied)
        {
            Failed(report);
            local.Failed(report.Rules, report.Services);
            UpdateHealthPorts(family, local);
            return;
        }

        health.SyncSucceeded(family, report.ChangesTaken, report.IsFull);
        applied(report);
        DateTimeOffset now = time.GetUtcNow();
        foreach (DateTimeOffset trigger in report.TriggerTimes)
        {
            metrics.Syncs.NetworkProgrammed(family, now - trigger);
        }

        local.Update(report.Rules, report.Services);
        metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.Internal, family, local.WithoutInternal);
        metrics.Rules.NoLocalEndpoints(TrafficPolicyScope.External, family, local.WithoutExternal);
        UpdateHealthPorts(family, local);
        FirstSyncs.Note(family);
        LogSynced(family, report.IsFull ? "full" : "partial", report.Duration.TotalMilliseconds, report.Rules.Services.Count, report.Rules.EndpointCount);
    }

    /// <inheritdoc/>
    public void UpToDate(IpFamily family, long at) => health.UpToDate(family, at);

    /// <inheritdoc/>
    public void DriftReported(IpFamily family, string what) => health.Drifted(family, what);

    /// <inheritdoc/>
    public void Drifted(IpFamily family, string what)
    {
        health.RepairBegins(family, what);
        status.Drifted(family, what);
        metrics.Agent.DriftDetected(family, DriftReason.RulesChanged);
        LogFullIsDue(family, "drift: " + what);
        _repeated.Report($"drift {family}", times => LogDrifted(family, what, times));
    }

    /// <inheritdoc/>
    public void BaseDoubted(IpFamily family) =>
        LogFullIsDue(family, "refused updates: what they build on may have been deleted by somebody else");

    /// <inheritdoc/>
    public void Repaired(IpFamily family, string what)
    {
        health.Repaired(family);
        status.Repaired(family);
        metrics.Agent.DriftRepaired(family, DriftReason.RulesChanged);
        _repeated.Report($"repair {family}", times => LogRepaired(family, times));
        events(ObjectReference.Node(nodeName), EventKind.Warning, "ServiceRulesRepaired", "SyncRules", $"node {nodeName}: {family} service rules were changed by somebody else and written again: {what}");
    }

    /// <inheritdoc/>
    public void Quarantined(NamespacedName service, IpFamily family, string error)
    {
        status.Refused(service, family, error);
        foreach (IpFamily each in families)
        {
            _local[(int)each].Refused(service); // before the rules without it are written
        }

        _repeated.Report($"refusal {family} {service}", times => LogQuarantined(service, family, error, times));
        events(ObjectReference.Service(service.Namespace, service.Name), EventKind.Warning, "ServiceRulesRefused", "SyncRules", $"the kernel of node {nodeName} refused the {family} rules of this Service, which has none there until it or its endpoints change: {error}");
    }

    /// <inheritdoc/>
    public void QuarantineChanged(IReadOnlyCollection<NamespacedName> services)
    {
        health.SetRefusedServices(services);
        status.SetRefused(services);
        foreach (IpFamily family in families)
        {
            metrics.Quarantine.Set(family, services);
            LocalEndpoints local = _local[(int)family];
            local.SetRefused(services);
            UpdateHealthPorts(family, local);
        }
    }

    /// <inheritdoc/>
    public void ServiceTaken(NamespacedName service, IReadOnlyList<Problem> problems)
    {
        foreach (Problem problem in _problems.Replace(service, problems))
        {
            LogProblem(problem.ToString());
            status.ProblemFound(problem.ToString());
        }
    }

    /// <inheritdoc/>
    public void SliceTaken(NamespacedName slice, IReadOnlyList<Problem> problems)
    {
        foreach (Problem problem in _sliceProblems.Replace(slice, problems))
        {
            LogProblem(problem.ToString());
            status.ProblemFound(problem.ToString());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _repeated.Dispose();

    private void UpdateHealthPorts(IpFamily family, LocalEndpoints local)
    {
        if (local.NodePortAddresses is { } addresses)
        {
            healthPorts.Update(family, local.HealthChecks, addresses);
            status.SetHealthCheckPorts(
                family,
                local.HealthChecks.Count,
                [.. local.HealthChecks.OrderBy(static check => check.Key).Take(StatusRecorder.MostItems).Select(check => new HealthCheckPortStatus($"{check.Key}", $"{family}", check.Value.Port, check.Value.LocalEndpoints))]);
        }
    }

    private void RecordFigures(IpFamily family, ApplyFigures? figures)
    {
        if (figures is null)
        {
            return;
        }

        metrics.Agent.RulesRendered(family, figures.TextBytes, figures.RenderTime);
        metrics.Agent.ToolFinished(family, figures.ToolTime);
        if (figures.HasCleanUpFailed)
        {
            metrics.Rules.NftablesCleanupFailed(family);
        }

        if (figures.Written is { } written)
        {
            metrics.Rules.IptablesRules(IptablesTable.Filter, family, figures.FilterTotal, written.Filter);
            metrics.Rules.IptablesRules(IptablesTable.Nat, family, figures.NatTotal, written.Nat);
        }
    }

    /// <summary>The families are synced side by side.</summary>
    private void Failed(SyncReport report)
    {
        IpFamily family = report.Family;
        health.SyncFailed(family, report.Result.Error);
        if (mode == ProxyMode.Nftables)
        {
            metrics.Rules.NftablesSyncFailed(family);
        }
        else
        {
            metrics.Rules.RestoreFailed(family, !report.IsFull);
        }

        string kind = report.IsFull ? "full" : "partial";
        (int failures, string error) = (report.Failures, report.Result.Error);
        LogFullIsDue(family, "failure: " + error);
        _repeated.Report($"failure {family} {kind}", times => LogFailed(family, kind, failures, error, times));
        if (report.Failures == FailuresBeforeEvent)
        {
            events(ObjectReference.Node(nodeName), EventKind.Warning, "ServiceRulesNotSynced", "SyncRules", $"node {nodeName}: {family} service rules could not be written {report.Failures} times in a row; the last good ones stay: {report.Result.Error}");
        }
    }

    [LoggerMessage(EventId = 5000, Level = LogLevel.Debug, Message = "Synced {Family} rules ({Kind}) in {Milliseconds} ms: {Services} Services, {Endpoints} endpoints")]
    private partial void LogSynced(IpFamily family, string kind, double milliseconds, int services, int endpoints);

    [LoggerMessage(EventId = 5001, Level = LogLevel.Error, Message = "{Family} rules could not be written ({Kind}, failure {Failures} in a row); the last good ones stay: {Error}{Times}")]
    private partial void LogFailed(IpFamily family, string kind, int failures, string error, string times);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "{Family} rules were changed by somebody else; writing them again: {What}{Times}")]
    private partial void LogDrifted(IpFamily family, string what, string times);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Information, Message = "{Family} rules are in place again{Times}")]
    private partial void LogRepaired(IpFamily family, string times);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Error, Message = "The kernel refuses the {Family} rules of Service {Service}; it has none until it changes, all others are written: {Error}{Times}")]
    private partial void LogQuarantined(NamespacedName service, IpFamily family, string error, string times);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Warning, Message = "{Problem}")]
    private partial void LogProblem(string problem);

    /// <summary>Every time, while warnings of the same cause are logged once a minute.</summary>
    [LoggerMessage(EventId = 5007, Level = LogLevel.Debug, Message = "{Family} rules may have to be written in full: {Reason}")]
    private partial void LogFullIsDue(IpFamily family, string reason);

    [LoggerMessage(EventId = 5006, Level = LogLevel.Information, Message = "The problems with addresses of the node are resolved")]
    private partial void LogNodeWell();
}
