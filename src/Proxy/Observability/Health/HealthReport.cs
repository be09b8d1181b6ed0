using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>The health of the proxy at a moment (spec 9.1).</summary>
/// <param name="CurrentTime">The moment, in local time.</param>
/// <param name="IsNodeEligible">Whether load balancers may send traffic to this node.</param>
/// <param name="PendingLimit">How long a request for a sync may wait.</param>
/// <param name="Families">The families that run, IPv4 first.</param>
internal sealed record HealthReport(DateTimeOffset CurrentTime, bool IsNodeEligible, TimeSpan PendingLimit, IReadOnlyList<FamilyHealth> Families)
{
    /// <summary>The parts of the agent that failed lately, ordered by name; none when all is well.</summary>
    public IReadOnlyList<TaskHealth> Parts { get; init; } = [];

    /// <summary>Whether all families are healthy, and so while none runs yet; and no part that rules depend on has failed for long.</summary>
    public bool IsHealthy => Families.All(static family => family.IsHealthy) && Parts.All(static part => part.IsHealthy);

    /// <summary>What the start waits for; empty once nothing does. It is no fault by itself.</summary>
    public string WaitsFor { get; init; } = "";

    /// <summary>Which input does not come to its end; empty when all do. It makes nothing unhealthy: the rules stay.</summary>
    public string StalledInput { get; init; } = "";

    /// <summary>The latest update of all families; year 1 in UTC when there is none.</summary>
    public DateTimeOffset LastUpdated => Families.Select(static family => family.LastUpdated).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
}

/// <summary>The health of one family at a moment.</summary>
/// <param name="Family">The family.</param>
/// <param name="LastUpdated">When its rules were last known to be current: the last success, or the start of its loop.</param>
/// <param name="IsHealthy">Whether no request for a sync waits too long.</param>
/// <param name="PendingSince">When the oldest request that no sync has fulfilled was made; null when there is none.</param>
/// <param name="LastError">Why the last sync failed; empty when it succeeded.</param>
internal sealed record FamilyHealth(IpFamily Family, DateTimeOffset LastUpdated, bool IsHealthy, DateTimeOffset? PendingSince, string LastError);

/// <summary>A part of the agent that failed and is started again and again.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="Since">The first of them.</param>
/// <param name="Last">The last of them.</param>
/// <param name="LastError">Why it failed the last time.</param>
/// <param name="IsHealthy">Whether that can be lived with: it has not failed for long, or rules do not depend on it.</param>
internal sealed record TaskHealth(string Name, int Failures, DateTimeOffset Since, DateTimeOffset Last, string LastError, bool IsHealthy);
