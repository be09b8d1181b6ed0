using System.Buffers;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// All metrics of the program. Updates are thread-safe, and allocate nothing once a series exists; those of metrics that
/// the mode does not have do nothing (spec 10.1).
/// </summary>
internal sealed class ProxyMetrics
{
    private readonly MetricsPage _page;

    /// <summary>Registers the metrics.</summary>
    /// <param name="options">What they depend on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where readings that fail are reported.</param>
    public ProxyMetrics(ProxyMetricsOptions options, TimeProvider time, ILogger logger)
    {
        _page = new(logger);
        Syncs = new(_page, options.Mode, time);
        Changes = new(_page);
        Rules = new(_page, options.Mode);
        Conntrack = new(_page, options.Mode, options.InvalidDroppedPackets, options.LocalhostAcceptedPackets);
        Flows = new(_page);
        Probes = new(_page);
        Connections = new(_page);
        ApiClient = new(_page);
        Agent = new(_page);
        Quarantine = new(_page);
        Watches = new(_page, time);
        ProcessMetrics.Register(_page);
        RuntimeMetrics.Register(_page);
        FrameworkMetrics.Register(_page, options.FeatureGates);
        HealthChecks = new(logger);
    }

    /// <summary>Syncs of the rules.</summary>
    public SyncMetrics Syncs { get; }

    /// <summary>Changes of Services and EndpointSlices.</summary>
    public ChangeMetrics Changes { get; }

    /// <summary>Rules and the failures of the tools that load them.</summary>
    public RuleMetrics Rules { get; }

    /// <summary>Stale flows.</summary>
    public ConntrackMetrics Conntrack { get; }

    /// <summary>Passes over the conntrack table.</summary>
    public FlowMetrics Flows { get; }

    /// <summary>Answers of the health server.</summary>
    public ProbeMetrics Probes { get; }

    /// <summary>Connections to our own ports.</summary>
    public ConnectionMetrics Connections { get; }

    /// <summary>Requests to the API server.</summary>
    public ApiClientMetrics ApiClient { get; }

    /// <summary>Drift, rule text, parts of a sync, problems of objects.</summary>
    public AgentMetrics Agent { get; }

    /// <summary>Services that are left out.</summary>
    public QuarantineMetrics Quarantine { get; }

    /// <summary>Watches of the API server.</summary>
    public WatchMetrics Watches { get; }

    /// <summary>The page <c>/metrics/slis</c>.</summary>
    public HealthCheckMetrics HealthChecks { get; }

    /// <summary>Writes the page <c>/metrics</c>.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format) => _page.Write(output, format);
}

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
