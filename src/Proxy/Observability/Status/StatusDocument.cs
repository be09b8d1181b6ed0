using System.Text.Json;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>Reads the document of <c>/status</c>, which may be from any program.</summary>
internal static class StatusDocument
{
    private const int SchemaVersion = 1;

    /// <summary>Reads it.</summary>
    /// <returns>The report; null if it has another form.</returns>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static StatusReport? Read(byte[] json) =>
        JsonSerializer.Deserialize(json, StatusJson.Default.StatusReport) is { SchemaVersion: SchemaVersion } report && IsWhole(report) ? report : null;

    /// <summary>Whether nothing is null that never is in a document of the agent.</summary>
    private static bool IsWhole(StatusReport report) =>
        report.Health is { WaitsFor: not null, Failing: not null } && report.Health.Failing.All(static text => text is not null)
        && report.Agent is { Node: not null, Mode: not null, RulesBy: not null, Version: not null, Commit: not null, Runtime: not null, KubeProxyVersion: not null, Kernel: not null }
        && report.Families is not null && report.Families.All(static family => family is { Family: not null, LastError: not null, Drift.LastWhat: not null, LastSync: null or { Kind: not null } })
        && report.ApiServer is { Source: not null, Watches: not null, LastError: not null } && report.ApiServer.Watches.All(static watch => watch is { Resource: not null, State: not null })
        && report.Refused?.Items is not null && report.Refused.Items.All(static refused => refused is { Service: not null, Family: not null, Error: not null })
        && report.Problems is { Latest: not null, Node: not null } && report.Problems.Latest.Concat(report.Problems.Node).All(static text => text is not null)
        && report.Conntrack is { Services: not null, ServicesMissing: not null } && report.Conntrack.Services.All(static flows => flows is { Service: not null, Family: not null })
        && report.HealthCheckPorts?.Items is not null && report.HealthCheckPorts.Items.All(static port => port is { Service: not null, Family: not null })
        && (report.NewConnections is null || report.NewConnections.All(static connections => connections is { Service: not null }));
}
