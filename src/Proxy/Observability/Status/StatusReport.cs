using System.Text.Json.Serialization;

namespace KubeProxySharp.Proxy.Observability.Status;

/// <summary>The state of the agent at a point in time: the document of <c>/status</c>. Fields are described in docs/status.md. Lists are bounded.</summary>
/// <param name="SchemaVersion">1. Fields may be added without a change of it.</param>
/// <param name="Time">The time of the answer.</param>
/// <param name="Health">Whether the agent is healthy.</param>
/// <param name="Agent">The program and its node.</param>
/// <param name="Families">The families that are synced, IPv4 first.</param>
/// <param name="ApiServer">Where the objects come from.</param>
/// <param name="Refused">The Services that the kernel refuses.</param>
/// <param name="Problems">What is wrong with objects.</param>
/// <param name="Conntrack">The conntrack table at the last pass.</param>
/// <param name="HealthCheckPorts">The health-check node ports.</param>
/// <param name="NewConnections">The service ports with the most new connections; null if they are not counted.</param>
internal sealed record StatusReport(
    int SchemaVersion,
    DateTimeOffset Time,
    HealthStatus Health,
    AgentStatus Agent,
    IReadOnlyList<FamilyStatus> Families,
    ApiServerStatus ApiServer,
    BoundedList<RefusedServiceStatus> Refused,
    ProblemStatus Problems,
    ConntrackStatusReport Conntrack,
    BoundedList<HealthCheckPortStatus> HealthCheckPorts,
    IReadOnlyList<NewConnectionsStatus>? NewConnections);

/// <summary>The first items of a list.</summary>
/// <param name="Total">The number of all items.</param>
/// <param name="Items">The first of them.</param>
internal sealed record BoundedList<T>(int Total, IReadOnlyList<T> Items)
{
    /// <summary>The number of items that are left out.</summary>
    [JsonIgnore]
    public int More => Total - Items.Count;
}

/// <summary>The probes, as the health server answers them.</summary>
/// <param name="Healthy">Whether <c>/healthz</c> is 200.</param>
/// <param name="Ready">Whether <c>/readyz</c> is 200.</param>
/// <param name="Live">Whether <c>/livez</c> is 200.</param>
/// <param name="NodeEligible">Whether load balancers may use the node.</param>
/// <param name="WaitsFor">What the start waits for; empty after it.</param>
/// <param name="Failing">What fails, as <c>/healthz?verbose</c> names it.</param>
internal sealed record HealthStatus(bool Healthy, bool Ready, bool Live, bool NodeEligible, string WaitsFor, IReadOnlyList<string> Failing);

/// <summary>The program and its node.</summary>
internal sealed record AgentStatus(string Node, string Mode, string RulesBy, string Version, string Commit, string Runtime, string KubeProxyVersion, string Kernel, DateTimeOffset Since);

/// <summary>One family.</summary>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="Written">Whether the kernel has its rules, as far as is known.</param>
/// <param name="PendingSince">Since when changes wait; null if none do.</param>
/// <param name="LastError">Why the last sync failed; empty if it succeeded.</param>
/// <param name="LastSync">The last sync, successful or not; null before the first.</param>
/// <param name="Drift">What other programs did to the rules.</param>
/// <param name="Contents">What the rules in the kernel contain; null before the first.</param>
internal sealed record FamilyStatus(string Family, bool Written, DateTimeOffset? PendingSince, string LastError, SyncStatus? LastSync, DriftStatus Drift, RuleContents? Contents);

/// <summary>A sync of one family.</summary>
/// <param name="At">Its end.</param>
/// <param name="DurationMilliseconds">How long it took.</param>
/// <param name="Kind"><c>full</c> or <c>partial</c>.</param>
/// <param name="Succeeded">Whether the kernel has what was written.</param>
/// <param name="Changed">The number of Services that were looked at; null for all.</param>
internal sealed record SyncStatus(DateTimeOffset At, double DurationMilliseconds, string Kind, bool Succeeded, int? Changed);

/// <summary>Changes by other programs.</summary>
/// <param name="Since">Since when one is not repaired; null if none is.</param>
/// <param name="Repaired">The number of repairs.</param>
/// <param name="LastAt">When the last one was found; null if there was none.</param>
/// <param name="LastWhat">Who did what; empty if there was none.</param>
internal sealed record DriftStatus(DateTimeOffset? Since, int Repaired, DateTimeOffset? LastAt, string LastWhat);

/// <summary>What the rules of a family contain.</summary>
/// <param name="Services">Services.</param>
/// <param name="ServicePorts">Their ports.</param>
/// <param name="Frontends">Addresses and node ports that clients can connect to.</param>
/// <param name="Endpoints">Endpoints of all ports, usable or not.</param>
/// <param name="EndpointsInUse">Those that some packet of this node can reach.</param>
/// <param name="NotReady">Those left out because they are neither ready nor serving while they terminate.</param>
/// <param name="NotChosen">Those left out by traffic policy, hints, or because others are ready.</param>
internal sealed record RuleContents(int Services, int ServicePorts, int Frontends, int Endpoints, int EndpointsInUse, int NotReady, int NotChosen);

/// <summary>Where objects come from.</summary>
/// <param name="Source"><c>api</c> or <c>manifests</c>.</param>
/// <param name="Connected">Whether all watches work; null for manifests.</param>
/// <param name="Watches">The watches.</param>
/// <param name="LastError">The last problem; empty if there was none.</param>
/// <param name="LastErrorAt">When it was reported.</param>
internal sealed record ApiServerStatus(string Source, bool? Connected, IReadOnlyList<WatchStatus> Watches, string LastError, DateTimeOffset? LastErrorAt);

/// <summary>A watch of one resource.</summary>
internal sealed record WatchStatus(string Resource, string State, DateTimeOffset? LastEvent);

/// <summary>A Service without rules.</summary>
internal sealed record RefusedServiceStatus(string Service, string Family, string Error, DateTimeOffset At);

/// <summary>What is wrong with objects.</summary>
/// <param name="Errors">Parts of objects that cannot be used.</param>
/// <param name="Warnings">Parts that are used, or left out, with a warning.</param>
/// <param name="Latest">The latest messages, the newest last.</param>
/// <param name="Node">What is wrong with the addresses of the node now.</param>
internal sealed record ProblemStatus(int Errors, int Warnings, IReadOnlyList<string> Latest, IReadOnlyList<string> Node);

/// <summary>The conntrack table at the last pass of the agent.</summary>
/// <param name="Entries">nf_conntrack_count; null if unknown.</param>
/// <param name="Limit">nf_conntrack_max; null if unknown.</param>
/// <param name="StaleRemoved">Stale flows that were removed since the start.</param>
/// <param name="Services">The service ports with the most flows.</param>
/// <param name="ServicesMissing">Why there are none; empty if there are.</param>
internal sealed record ConntrackStatusReport(long? Entries, long? Limit, long StaleRemoved, IReadOnlyList<ServiceFlowsStatus> Services, string ServicesMissing);

/// <summary>The flows of one service port.</summary>
internal sealed record ServiceFlowsStatus(string Service, string Family, long Flows);

/// <summary>A health-check node port.</summary>
/// <param name="Service">The Service.</param>
/// <param name="Family">The family.</param>
/// <param name="Port">The port.</param>
/// <param name="LocalEndpoints">The number that it answers.</param>
internal sealed record HealthCheckPortStatus(string Service, string Family, int Port, int LocalEndpoints);

/// <summary>The new connections of a service port, refused packets among them.</summary>
/// <param name="Service">The service port.</param>
/// <param name="PerSecond">How many per second in the last minutes.</param>
internal sealed record NewConnectionsStatus(string Service, double PerSecond);

/// <summary>The JSON form.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
