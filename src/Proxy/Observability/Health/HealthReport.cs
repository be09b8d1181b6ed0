using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

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

    /// <summary>
    /// Whether the agent works: no change waits too long, and no task that rules depend on has failed for long (spec 9.1, where
    /// this is the health of the proxy).
    /// </summary>
    public bool IsAlive => Families.All(static family => family.IsCurrent) && Tasks.All(static task => task.IsHealthy);

    /// <summary>Whether the kernel has the rules of all families, as far as is known. False before the first sync.</summary>
    public bool AreRulesWritten => Families.Count != 0 && Families.All(static family => family.AreRulesWritten);

    /// <summary>Whether the agent works and the kernel has its rules.</summary>
    public bool IsHealthy => IsAlive && AreRulesWritten;

    /// <summary>The number of Services that have no rules because the kernel refuses them. Does not affect health.</summary>
    public int RefusedServices { get; init; }

    /// <summary>The first of them, ordered.</summary>
    public IReadOnlyList<NamespacedName> FirstRefusedServices { get; init; } = [];

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
/// <param name="IsCurrent">Whether no request for a sync waits too long.</param>
/// <param name="PendingSince">The time of the oldest request that no sync has fulfilled; null if there is none.</param>
/// <param name="LastError">Why the last sync failed; empty when it succeeded.</param>
internal sealed record FamilyHealth(IpFamily Family, DateTimeOffset LastUpdated, bool IsCurrent, DateTimeOffset? PendingSince, string LastError)
{
    /// <summary>Whether a sync of this run of the agent has written them.</summary>
    public bool WereWritten { get; init; }

    /// <summary>When another program changed the rules, if that is not repaired; null if it is.</summary>
    public DateTimeOffset? DriftSince { get; init; }

    /// <summary>What that program did; empty if nothing is to be repaired.</summary>
    public string Drift { get; init; } = "";

    /// <summary>Whether that was not repaired in time.</summary>
    public bool IsDriftLasting { get; init; }

    /// <summary>Whether the kernel has the rules, as far as is known.</summary>
    public bool AreRulesWritten => WereWritten && !IsDriftLasting;

    /// <summary>Whether the kernel has the rules and no change waits too long.</summary>
    public bool IsHealthy => IsCurrent && AreRulesWritten;
}

/// <summary>A task of the agent that failed and is restarted.</summary>
/// <param name="Name">The name of the task.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="Since">The time of the first of them.</param>
/// <param name="Last">The time of the last of them.</param>
/// <param name="LastError">The error of the last of them.</param>
/// <param name="IsHealthy">Whether the agent stays healthy: the task has not failed for long, or rules do not depend on it.</param>
internal sealed record TaskHealth(string Name, int Failures, DateTimeOffset Since, DateTimeOffset Last, string LastError, bool IsHealthy);
