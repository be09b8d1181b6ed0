using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>The health of the proxy at a point in time (spec 9.1).</summary>
/// <param name="CurrentTime">That time, in local time.</param>
/// <param name="IsNodeEligible">Whether load balancers may send traffic to this node.</param>
/// <param name="PendingLimit">How long a request for a sync may wait.</param>
/// <param name="Families">The families with a running sync loop, IPv4 first.</param>
internal sealed record HealthReport(DateTimeOffset CurrentTime, bool IsNodeEligible, TimeSpan PendingLimit, IReadOnlyList<FamilyHealth> Families)
{
    /// <summary>The tasks of the agent that failed recently, ordered by name.</summary>
    public IReadOnlyList<TaskHealth> Tasks { get; init; } = [];

    /// <summary>Whether all running families are healthy and no task that rules depend on has failed for long.</summary>
    public bool IsHealthy => Families.All(static family => family.IsHealthy) && Tasks.All(static task => task.IsHealthy);

    /// <summary>What the start of the agent waits for; empty after the start. Does not affect health.</summary>
    public string WaitsFor { get; init; } = "";

    /// <summary>The input that does not end; empty if there is none. Does not affect health, since the rules stay.</summary>
    public string StalledInput { get; init; } = "";

    /// <summary>The latest update of any family; year 1 in UTC if there is none.</summary>
    public DateTimeOffset LastUpdated => Families.Select(static family => family.LastUpdated).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
}

/// <summary>The health of one family at a point in time.</summary>
/// <param name="Family">The family.</param>
/// <param name="LastUpdated">When its rules were last known to be current: the last success, or the start of its loop.</param>
/// <param name="IsHealthy">Whether no request for a sync waits too long.</param>
/// <param name="PendingSince">The time of the oldest request that no sync has fulfilled; null if there is none.</param>
/// <param name="LastError">Why the last sync failed; empty when it succeeded.</param>
internal sealed record FamilyHealth(IpFamily Family, DateTimeOffset LastUpdated, bool IsHealthy, DateTimeOffset? PendingSince, string LastError);

/// <summary>A task of the agent that failed and is restarted.</summary>
/// <param name="Name">The name of the task.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="Since">The time of the first of them.</param>
/// <param name="Last">The time of the last of them.</param>
/// <param name="LastError">The error of the last of them.</param>
/// <param name="IsHealthy">Whether the agent stays healthy: the task has not failed for long, or rules do not depend on it.</param>
internal sealed record TaskHealth(string Name, int Failures, DateTimeOffset Since, DateTimeOffset Last, string LastError, bool IsHealthy);
