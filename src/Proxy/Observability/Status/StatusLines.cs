using System.Globalization;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>A line of the status: what it is about, and the state in words.</summary>
/// <param name="Label">What it is about.</param>
/// <param name="Text">The state.</param>
/// <param name="Kind">Whether it is good.</param>
internal sealed record StatusLine(string Label, string Text, StatusKind Kind = StatusKind.Plain);

/// <summary>Whether a line reports something good or bad.</summary>
internal enum StatusKind
{
    /// <summary>Neither.</summary>
    Plain,

    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Something fails.</summary>
    Bad,
}

/// <summary>The report in words, the same for the terminal and the page.</summary>
internal static class StatusLines
{
    /// <summary>The state in one line.</summary>
    public static StatusLine Summary(StatusReport report) =>
        report.Health.Healthy ? new("Health", "healthy", StatusKind.Good)
        : new("Health", report.Health.Ready ? "ready, but the node is not eligible" : report.Health.Live ? "NOT READY" : "NOT READY, NOT LIVE", StatusKind.Bad);

    /// <summary>All other lines.</summary>
    public static IEnumerable<StatusLine> Of(StatusReport report)
    {
        foreach (string failing in report.Health.Failing)
        {
            yield return new("Failing", failing, StatusKind.Bad);
        }

        AgentStatus agent = report.Agent;
        yield return new("Node", Number($"{agent.Node}, mode {agent.Mode}, rules by {agent.RulesBy}, kernel {agent.Kernel}"));
        yield return new("Program", Number($"kube-proxy-sharp {agent.Version} ({agent.KubeProxyVersion}), since {Time(agent.Since)}, {Ago(report.Time - agent.Since)}"));
        foreach (FamilyStatus family in report.Families)
        {
            foreach (StatusLine line in Of(family, report.Time))
            {
                yield return line;
            }
        }

        yield return Of(report.ApiServer, report.Time);
        if (report.ApiServer.LastErrorAt is { } at)
        {
            yield return new("API error", Number($"{report.ApiServer.LastError} ({Ago(report.Time - at)} ago)"), report.ApiServer.Connected == true ? StatusKind.Plain : StatusKind.Bad);
        }

        yield return report.Refused.Total == 0
            ? new("Refused", "no Services", StatusKind.Good)
            : new("Refused", Number($"{report.Refused.Total} Services have no rules"), StatusKind.Bad);
        foreach (RefusedServiceStatus refused in report.Refused.Items)
        {
            yield return new("", Number($"{refused.Service} ({refused.Family}, {Ago(report.Time - refused.At)} ago): {refused.Error}"), StatusKind.Bad);
        }

        if (report.Refused.More > 0)
        {
            yield return new("", Number($"and {report.Refused.More} more"), StatusKind.Bad);
        }

        ProblemStatus problems = report.Problems;
        yield return new("Objects", problems.Errors + problems.Warnings == 0 ? "no problems" : Number($"{problems.Errors} errors, {problems.Warnings} warnings"), problems.Errors != 0 ? StatusKind.Bad : problems.Warnings != 0 ? StatusKind.Warning : StatusKind.Good);
        if (problems.Errors + problems.Warnings != 0 && problems.Latest.Count != 0)
        {
            yield return new("", "latest: " + problems.Latest[^1], StatusKind.Warning);
        }

        foreach (string problem in problems.Node)
        {
            yield return new("Addresses", problem, StatusKind.Warning);
        }

        yield return Of(report.Conntrack);
        foreach (ServiceFlowsStatus service in report.Conntrack.Services)
        {
            yield return new("", Number($"{service.Flows} flows of {service.Service} ({service.Family})"));
        }

        foreach ((int index, NewConnectionsStatus connections) in (report.NewConnections ?? []).Index())
        {
            yield return new(index == 0 ? "Connections" : "", Number($"{connections.PerSecond:0.###} new per second to {connections.Service}"));
        }

        BoundedList<HealthCheckPortStatus> ports = report.HealthCheckPorts;
        yield return new("Health ports", ports.Total == 0 ? "none" : Number($"{ports.Total}"));
        foreach (HealthCheckPortStatus port in ports.Items)
        {
            yield return new("", Number($"{port.Port} {port.Service} ({port.Family}): {port.LocalEndpoints} local endpoints"), port.LocalEndpoints == 0 ? StatusKind.Warning : StatusKind.Plain);
        }

        if (ports.More > 0)
        {
            yield return new("", Number($"and {ports.More} more"));
        }
    }

    private static IEnumerable<StatusLine> Of(FamilyStatus family, DateTimeOffset now)
    {
        string state = family.Written ? "rules written" : "rules NOT in the kernel";
        if (family.Contents is { } rules)
        {
            state += Number($": {rules.Services} Services, {rules.ServicePorts} ports, {rules.Frontends} frontends, {rules.EndpointsInUse} of {rules.Endpoints} endpoints in use");
            if (rules.Endpoints > rules.EndpointsInUse)
            {
                state += Number($" ({rules.NotReady} not ready, {rules.NotChosen} not chosen by policy or hints)");
            }
        }

        yield return new(family.Family, state, family.Written ? StatusKind.Good : StatusKind.Bad);
        if (family.LastSync is { } sync)
        {
            string changed = sync.Changed is { } count ? Number($" of {count} Services") : "";
            yield return new("  last sync", Number($"{Ago(now - sync.At)} ago: {sync.Kind}{changed}, {sync.DurationMilliseconds:0.#} ms, {(sync.Succeeded ? "succeeded" : "FAILED: " + family.LastError)}"), sync.Succeeded ? StatusKind.Plain : StatusKind.Bad);
        }

        yield return family.PendingSince is { } pending
            ? new("  waiting", Number($"changes, for {Ago(now - pending)}"), StatusKind.Warning)
            : new("  waiting", "nothing");
        yield return family.Drift switch
        {
            { Since: { } since } drift => new("  drift", Number($"not repaired for {Ago(now - since)}: {drift.LastWhat}"), StatusKind.Bad),
            { LastAt: { } last } drift => new("  drift", Number($"{drift.Repaired} repaired; the last {Ago(now - last)} ago: {drift.LastWhat}"), StatusKind.Warning),
            _ => new("  drift", "none", StatusKind.Plain),
        };
    }

    private static StatusLine Of(ApiServerStatus server, DateTimeOffset now)
    {
        if (server.Source == "manifests")
        {
            return new("Objects from", "manifests");
        }

        DateTimeOffset? last = server.Watches.Max(static watch => watch.LastEvent);
        string others = string.Join(", ", server.Watches.Where(static watch => watch.State != "watching").Select(static watch => $"{watch.Resource} {watch.State}"));
        string text = (server.Connected == true ? "connected" : "NOT connected") + (last is { } at ? Number($", last event {Ago(now - at)} ago") : ", no event yet") + (others.Length == 0 ? "" : $" ({others})");
        return new("API server", text, server.Connected == true ? StatusKind.Good : StatusKind.Bad);
    }

    private static StatusLine Of(ConntrackStatusReport conntrack)
    {
        string removed = Number($"{conntrack.StaleRemoved} stale flows removed") + (conntrack.ServicesMissing.Length == 0 ? "" : "; " + conntrack.ServicesMissing);
        if (conntrack is not { Entries: { } entries, Limit: { } limit })
        {
            return new("Conntrack", "size not known; " + removed);
        }

        double percent = 100.0 * entries / limit;
        return new("Conntrack", Number($"{entries} of {limit} entries ({percent:0.#} %), {removed}"), percent >= 90 ? StatusKind.Bad : percent >= 70 ? StatusKind.Warning : StatusKind.Plain);
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static string Ago(TimeSpan span) =>
        span.TotalSeconds < 120 ? Number($"{Math.Max(0, span.TotalSeconds):0} s")
        : span.TotalMinutes < 120 ? Number($"{span.TotalMinutes:0} min")
        : span.TotalHours < 48 ? Number($"{span.TotalHours:0} h")
        : Number($"{span.TotalDays:0} d");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
