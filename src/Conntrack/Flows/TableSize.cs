namespace KubeProxySharp.Conntrack.Flows;

/// <summary>How full the conntrack table is.</summary>
/// <param name="Entries">Number of flows in this network namespace.</param>
/// <param name="Limit">The most flows it may have (<c>nf_conntrack_max</c>); 0 when the kernel (before 5.0) does not tell.</param>
public readonly record struct TableSize(uint Entries, uint Limit);
