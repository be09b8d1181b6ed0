namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What the metrics depend on.</summary>
internal sealed record ProxyMetricsOptions
{
    /// <summary>The proxy mode; decides which metrics exist.</summary>
    public required string Mode { get; init; }

    /// <summary>The known feature gates.</summary>
    public IReadOnlyList<FeatureGateState> FeatureGates { get; init; } = [];

    /// <summary>
    /// Reads the packets of nfacct <c>ct_state_invalid_dropped_pkts</c> at a scrape, quickly and without throwing; null
    /// when there is no such counter.
    /// </summary>
    public Func<ulong?> InvalidDroppedPackets { get; init; } = static () => null;

    /// <summary>The same for nfacct <c>localhost_nps_accepted_pkts</c>.</summary>
    public Func<ulong?> LocalhostAcceptedPackets { get; init; } = static () => null;
}
