using System.Buffers;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// All metrics of the program. Updates are thread-safe and do not allocate once a series exists; updates of metrics that the
/// mode does not have are ignored (spec 10.1).
/// </summary>
internal sealed class ProxyMetrics
{
    private readonly MetricsPage _page;

    /// <summary>Registers the metrics.</summary>
    /// <param name="options">The mode, feature gates and counters.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log of failed readings.</param>
    public ProxyMetrics(ProxyMetricsOptions options, TimeProvider time, ILogger logger)
    {
        _page = new(logger);
        Syncs = new(_page, options.Mode, time);
        Changes = new(_page);
        Rules = new(_page, options.Mode);
        Conntrack = new(_page, options.Mode, options.InvalidDroppedPackets, options.LocalhostAcceptedPackets);
        Flows = new(_page);
        ServiceConnections = new(_page, options.HasServiceCounters);
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

    public SyncMetrics Syncs { get; }

    public ChangeMetrics Changes { get; }

    /// <summary>Rules and the failures of the tools that load them.</summary>
    public RuleMetrics Rules { get; }

    public ConntrackMetrics Conntrack { get; }

    public FlowMetrics Flows { get; }

    /// <summary>New connections of service ports, with <c>--service-counters</c>.</summary>
    public ServiceConnectionMetrics ServiceConnections { get; }

    public ProbeMetrics Probes { get; }

    /// <summary>Connections to the agent's own ports.</summary>
    public ConnectionMetrics Connections { get; }

    public ApiClientMetrics ApiClient { get; }

    /// <summary>Drift, size of rule texts, phases of a sync, problems of objects.</summary>
    public AgentMetrics Agent { get; }

    public QuarantineMetrics Quarantine { get; }

    public WatchMetrics Watches { get; }

    /// <summary>The page <c>/metrics/slis</c>.</summary>
    public HealthCheckMetrics HealthChecks { get; }

    /// <summary>Writes the page <c>/metrics</c>.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format) => _page.Write(output, format);
}

/// <summary>Options of the metrics.</summary>
internal sealed record ProxyMetricsOptions
{
    /// <summary>The proxy mode, which decides which metrics are registered.</summary>
    public required string Mode { get; init; }

    public IReadOnlyList<FeatureGateState> FeatureGates { get; init; } = [];

    /// <summary>Whether the connections of service ports are counted.</summary>
    public bool HasServiceCounters { get; init; }

    /// <summary>
    /// Reads the packets of nfacct <c>ct_state_invalid_dropped_pkts</c> at a scrape; must be fast and must not throw. Null if
    /// there is no such counter.
    /// </summary>
    public Func<ulong?> InvalidDroppedPackets { get; init; } = static () => null;

    /// <summary>The same for nfacct <c>localhost_nps_accepted_pkts</c>.</summary>
    public Func<ulong?> LocalhostAcceptedPackets { get; init; } = static () => null;
}
