using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <content>The flags of the node, its listeners, logging and ipvs.</content>
internal sealed partial class KubeProxyFlags
{
    /// <summary>Port of the health server (spec 11.3).</summary>
    public const int DefaultHealthzPort = 10256;

    /// <summary>Port of the metrics server (spec 11.3).</summary>
    public const int DefaultMetricsPort = 10249;

    public TypedFlag<int> OomScoreAdj { get; }

    public TypedFlag<int> ConntrackMaxPerCore { get; }

    public TypedFlag<int> ConntrackMin { get; }

    public TypedFlag<TimeSpan> ConntrackTcpTimeoutEstablished { get; }

    public TypedFlag<TimeSpan> ConntrackTcpTimeoutCloseWait { get; }

    public TypedFlag<bool> ConntrackTcpBeLiberal { get; }

    public TypedFlag<TcpFlowPolicy> ConntrackTcp { get; }

    public TypedFlag<bool> ConntrackServiceFlows { get; }

    public TypedFlag<TimeSpan> ConntrackUdpTimeout { get; }

    public TypedFlag<TimeSpan> ConntrackUdpTimeoutStream { get; }

    public TypedFlag<string> HealthzBindAddress { get; }

    public TypedFlag<string> MetricsBindAddress { get; }

    public TypedFlag<bool> BindAddressHardFail { get; }

    public TypedFlag<bool> Profiling { get; }

    public TypedFlag<string> ShowHiddenMetricsForVersion { get; }

    public TypedFlag<int> HealthzPort { get; }

    public TypedFlag<int> MetricsPort { get; }

    public TypedFlag<string> LoggingFormat { get; }

    public TypedFlag<int> Verbosity { get; }

    public TypedFlag<VerbosityRule[]> Vmodule { get; }

    public TypedFlag<TimeSpan> LogFlushFrequency { get; }

    public TypedFlag<bool> LogTextSplitStream { get; }

    public TypedFlag<string> LogTextInfoBufferSize { get; }

    public TypedFlag<bool> LogJsonSplitStream { get; }

    public TypedFlag<string> LogJsonInfoBufferSize { get; }

    public TypedFlag<TimeSpan> IpvsSyncPeriod { get; }

    public TypedFlag<TimeSpan> IpvsMinSyncPeriod { get; }

    public TypedFlag<string> IpvsScheduler { get; }

    public TypedFlag<string[]> IpvsExcludeCidrs { get; }

    public TypedFlag<bool> IpvsStrictArp { get; }

    public TypedFlag<TimeSpan> IpvsTcpTimeout { get; }

    public TypedFlag<TimeSpan> IpvsTcpFinTimeout { get; }

    public TypedFlag<TimeSpan> IpvsUdpTimeout { get; }
}
