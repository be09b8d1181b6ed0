using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>The health of one family at a moment.</summary>
/// <param name="Family">The family.</param>
/// <param name="LastUpdated">When its rules were last known to be current: the last success, or the start of its loop.</param>
/// <param name="IsHealthy">Whether no request for a sync waits too long.</param>
/// <param name="PendingSince">When the oldest request that no sync has fulfilled was made; null when there is none.</param>
/// <param name="LastError">Why the last sync failed; empty when it succeeded.</param>
internal sealed record FamilyHealth(IpFamily Family, DateTimeOffset LastUpdated, bool IsHealthy, DateTimeOffset? PendingSince, string LastError);
