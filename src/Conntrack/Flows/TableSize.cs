namespace KubeProxySharp.Conntrack.Flows;

/// <summary>The fill level of the conntrack table.</summary>
/// <param name="Entries">Number of flows in this network namespace.</param>
/// <param name="Limit">The most flows it may have (<c>nf_conntrack_max</c>); 0 when unknown, before Linux 5.0.</param>
public readonly record struct TableSize(uint Entries, uint Limit);
