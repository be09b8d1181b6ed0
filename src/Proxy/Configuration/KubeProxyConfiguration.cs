using System.Text.Json.Serialization;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// <c>kubeproxy.config.k8s.io/v1alpha1</c> KubeProxyConfiguration: every field, with kube-proxy's defaults (spec 11.2).
/// </summary>
internal sealed record KubeProxyConfiguration
{
    public const string ApiVersion = "kubeproxy.config.k8s.io/v1alpha1";
    public const string Kind = "KubeProxyConfiguration";

    /// <summary>Port of the health server (spec 11.3).</summary>
    public const int DefaultHealthzPort = 10256;

    /// <summary>Port of the metrics server (spec 11.3).</summary>
    public const int DefaultMetricsPort = 10249;

    public EquatableArray<FeatureGate> FeatureGates { get; init; }

    public ClientConnectionConfiguration ClientConnection { get; init; } = new();

    public LoggingConfiguration Logging { get; init; } = new();

    public string HostnameOverride { get; init; } = "";

    public string BindAddress { get; init; } = "0.0.0.0";

    public string HealthzBindAddress { get; init; } = "0.0.0.0:10256";

    public string MetricsBindAddress { get; init; } = "127.0.0.1:10249";

    public bool BindAddressHardFail { get; init; }

    public bool EnableProfiling { get; init; }

    public string ShowHiddenMetricsForVersion { get; init; } = "";

    /// <summary>Empty means <see cref="ProxyMode.Iptables"/>.</summary>
    public string Mode { get; init; } = "";

    public IptablesConfiguration Iptables { get; init; } = new();

    public NftablesConfiguration Nftables { get; init; } = new();

    public IpvsConfiguration Ipvs { get; init; } = new();

    public WinkernelConfiguration Winkernel { get; init; } = new();

    /// <summary>Empty means ClusterCIDR.</summary>
    public string DetectLocalMode { get; init; } = "";

    public DetectLocalConfiguration DetectLocal { get; init; } = new();

    public string ClusterCidr { get; init; } = "";

    public EquatableArray<string> NodePortAddresses { get; init; }

    public int OomScoreAdj { get; init; } = -999;

    public ConntrackConfiguration Conntrack { get; init; } = new();

    public TimeSpan ConfigSyncPeriod { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Unused; accepted for old files.</summary>
    public string PortRange { get; init; } = "";

    public bool WindowsRunAsService { get; init; }

    /// <summary>The mode with the default filled in.</summary>
    public string EffectiveMode => Mode.Length == 0 ? ProxyMode.Iptables : Mode;

    /// <summary>The detect-local mode with the default filled in.</summary>
    public string EffectiveDetectLocalMode => DetectLocalMode.Length == 0 ? "ClusterCIDR" : DetectLocalMode;

    /// <summary>The ranges of <see cref="ClusterCidr"/>.</summary>
    public string[] ClusterCidrs => ClusterCidr.Length == 0 ? [] : ClusterCidr.Split(',');

    public sealed record FeatureGate(string Name, bool IsEnabled);

    public sealed record ClientConnectionConfiguration
    {
        public string Kubeconfig { get; init; } = "";

        public string AcceptContentTypes { get; init; } = "";

        public string ContentType { get; init; } = "application/vnd.kubernetes.protobuf";

        public float Qps { get; init; } = 5;

        public int Burst { get; init; } = 10;
    }

    public sealed record LoggingConfiguration
    {
        public string Format { get; init; } = "text";

        public TimeSpan FlushFrequency { get; init; } = TimeSpan.FromSeconds(5);

        public int Verbosity { get; init; }

        public EquatableArray<VerbosityRule> Vmodule { get; init; }

        public LoggingOptions Text { get; init; } = new();

        public LoggingOptions Json { get; init; } = new();
    }

    public sealed record VerbosityRule(string FilePattern, int Verbosity);

    public sealed record LoggingOptions
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public bool SplitStream { get; init; }

        /// <summary>A quantity such as 0 or 64Ki, as written.</summary>
        public string InfoBufferSize { get; init; } = "0";
    }

    public sealed record IptablesConfiguration
    {
        public int MasqueradeBit { get; init; } = 14;

        public bool MasqueradeAll { get; init; }

        public bool LocalhostNodePorts { get; init; } = true;

        public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

        public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);
    }

    public sealed record NftablesConfiguration
    {
        public int MasqueradeBit { get; init; } = 14;

        public bool MasqueradeAll { get; init; }

        public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

        public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);
    }

    public sealed record IpvsConfiguration
    {
        public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

        public TimeSpan MinSyncPeriod { get; init; }

        public string Scheduler { get; init; } = "";

        [JsonPropertyName("excludeCIDRs")]
        public EquatableArray<string> ExcludeCidrs { get; init; }

        [JsonPropertyName("strictARP")]
        public bool StrictArp { get; init; }

        public TimeSpan TcpTimeout { get; init; }

        public TimeSpan TcpFinTimeout { get; init; }

        public TimeSpan UdpTimeout { get; init; }
    }

    /// <summary>Windows only; accepted and ignored.</summary>
    public sealed record WinkernelConfiguration
    {
        public string NetworkName { get; init; } = "";

        public string SourceVip { get; init; } = "";

        [JsonPropertyName("enableDSR")]
        public bool EnableDsr { get; init; }

        public string RootHnsEndpointName { get; init; } = "";

        public bool ForwardHealthCheckVip { get; init; }
    }

    public sealed record DetectLocalConfiguration
    {
        public string BridgeInterface { get; init; } = "";

        public string InterfaceNamePrefix { get; init; } = "";
    }

    public sealed record ConntrackConfiguration
    {
        public int MaxPerCore { get; init; } = 32768;

        public int Min { get; init; } = 131072;

        public TimeSpan TcpEstablishedTimeout { get; init; } = TimeSpan.FromHours(24);

        public TimeSpan TcpCloseWaitTimeout { get; init; } = TimeSpan.FromHours(1);

        public bool TcpBeLiberal { get; init; }

        public TimeSpan UdpTimeout { get; init; }

        public TimeSpan UdpStreamTimeout { get; init; }
    }
}

/// <summary>The values of <c>mode</c> (spec 11.2). ipvs is a valid configuration that this program does not run.</summary>
internal static class ProxyMode
{
    public const string Iptables = "iptables";
    public const string Nftables = "nftables";
    public const string Ipvs = "ipvs";
}

/// <summary>The sync periods of the configured mode (spec 11.4).</summary>
internal static class SyncPeriods
{
    public static (TimeSpan SyncPeriod, TimeSpan MinSyncPeriod) Of(KubeProxyConfiguration configuration) => configuration.Mode switch
    {
        ProxyMode.Nftables => (configuration.Nftables.SyncPeriod, configuration.Nftables.MinSyncPeriod),
        ProxyMode.Ipvs => (configuration.Ipvs.SyncPeriod, configuration.Ipvs.MinSyncPeriod),
        _ => (configuration.Iptables.SyncPeriod, configuration.Iptables.MinSyncPeriod),
    };
}
