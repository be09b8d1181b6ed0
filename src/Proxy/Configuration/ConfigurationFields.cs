using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// The fields of a configuration file and the flags that set the same (spec 11.2, 11.3), each once: what reads a file, takes
/// flags over or writes a file is a visitor. The order is that in which kube-proxy writes fields, which is that of the alphabet.
/// </summary>
internal static class ConfigurationFields
{
    /// <summary>Passes every field to a visitor.</summary>
    /// <returns>The configuration with the values that the visitor returned.</returns>
    public static KubeProxyConfiguration Visit(KubeProxyConfiguration value, IFieldVisitor fields)
    {
        fields.Constant("apiVersion", ApiVersion);
        value = value with
        {
            BindAddress = fields.Text("bindAddress", value.BindAddress, "bind-address", emptyIsDefault: true),
            BindAddressHardFail = fields.Switch("bindAddressHardFail", value.BindAddressHardFail, "bind-address-hard-fail"),
            ClientConnection = fields.Section("clientConnection", value.ClientConnection, Visit),
            ClusterCidr = fields.Text("clusterCIDR", value.ClusterCidr, "cluster-cidr"),
            ConfigSyncPeriod = fields.Duration("configSyncPeriod", value.ConfigSyncPeriod, "config-sync-period", zeroIsDefault: true),
            Conntrack = fields.Section("conntrack", value.Conntrack, Visit),
            DetectLocal = fields.Section("detectLocal", value.DetectLocal, Visit),
            DetectLocalMode = fields.Text("detectLocalMode", value.DetectLocalMode, "detect-local-mode"),
            EnableProfiling = fields.Switch("enableProfiling", value.EnableProfiling, "profiling"),
            FeatureGates = fields.Gates("featureGates", value.FeatureGates, "feature-gates"),
            HealthzBindAddress = fields.Text("healthzBindAddress", value.HealthzBindAddress, "healthz-bind-address"),
            HostnameOverride = fields.Text("hostnameOverride", value.HostnameOverride),
            Iptables = fields.Section("iptables", value.Iptables, Visit),
            Ipvs = fields.Section("ipvs", value.Ipvs, Visit),
        };
        fields.Constant("kind", Kind);
        return value with
        {
            Logging = fields.Section("logging", value.Logging, Visit),
            MetricsBindAddress = fields.Text("metricsBindAddress", value.MetricsBindAddress, "metrics-bind-address"),
            Mode = fields.Text("mode", value.Mode, "proxy-mode"),
            Nftables = fields.Section("nftables", value.Nftables, Visit),
            NodePortAddresses = fields.Texts("nodePortAddresses", value.NodePortAddresses, "nodeport-addresses"),
            OomScoreAdj = fields.Number("oomScoreAdj", value.OomScoreAdj, "oom-score-adj"),
            PortRange = fields.Text("portRange", value.PortRange),
            ShowHiddenMetricsForVersion = fields.Text("showHiddenMetricsForVersion", value.ShowHiddenMetricsForVersion, "show-hidden-metrics-for-version"),
            WindowsRunAsService = fields.Switch("windowsRunAsService", value.WindowsRunAsService, isWrittenWhenFalse: false),
            Winkernel = fields.Section("winkernel", value.Winkernel, Visit),
        };
    }

    /// <summary>Passes the fields of the section <c>logging</c> to a visitor.</summary>
    public static LoggingConfiguration Visit(LoggingConfiguration value, IFieldVisitor fields)
    {
        value = value with
        {
            FlushFrequency = fields.DurationOrNanoseconds("flushFrequency", value.FlushFrequency, "log-flush-frequency"),
            Format = fields.Text("format", value.Format, "logging-format", emptyIsDefault: true),
        };
        value = fields.Section("options", value, static (value, fields) => value with
        {
            Json = fields.Section("json", value.Json, static (value, fields) => Visit(value, fields, "log-json-info-buffer-size", "log-json-split-stream")),
            Text = fields.Section("text", value.Text, static (value, fields) => Visit(value, fields, "log-text-info-buffer-size", "log-text-split-stream")),
        });
        return value with
        {
            Verbosity = fields.Number("verbosity", value.Verbosity, "v"),
            Vmodule = fields.VerbosityRules("vmodule", value.Vmodule, "vmodule"),
        };
    }

    private static LoggingOptions Visit(LoggingOptions value, IFieldVisitor fields, string sizeFlag, string splitFlag) => value with
    {
        InfoBufferSize = fields.Quantity("infoBufferSize", value.InfoBufferSize, sizeFlag),
        SplitStream = fields.Switch("splitStream", value.SplitStream, splitFlag, isWrittenWhenFalse: false),
    };

    private static ClientConnectionConfiguration Visit(ClientConnectionConfiguration value, IFieldVisitor fields) => value with
    {
        AcceptContentTypes = fields.Text("acceptContentTypes", value.AcceptContentTypes),
        Burst = fields.Number("burst", value.Burst, "kube-api-burst", zeroIsDefault: true),
        ContentType = fields.Text("contentType", value.ContentType, "kube-api-content-type", emptyIsDefault: true),
        Kubeconfig = fields.Text("kubeconfig", value.Kubeconfig, "kubeconfig"),
        Qps = fields.Decimal("qps", value.Qps, "kube-api-qps", zeroIsDefault: true),
    };

    private static ConntrackConfiguration Visit(ConntrackConfiguration value, IFieldVisitor fields) => value with
    {
        MaxPerCore = fields.Number("maxPerCore", value.MaxPerCore, "conntrack-max-per-core"),
        Min = fields.Number("min", value.Min, "conntrack-min"),
        TcpBeLiberal = fields.Switch("tcpBeLiberal", value.TcpBeLiberal, "conntrack-tcp-be-liberal"),
        TcpCloseWaitTimeout = fields.Duration("tcpCloseWaitTimeout", value.TcpCloseWaitTimeout, "conntrack-tcp-timeout-close-wait"),
        TcpEstablishedTimeout = fields.Duration("tcpEstablishedTimeout", value.TcpEstablishedTimeout, "conntrack-tcp-timeout-established"),
        UdpStreamTimeout = fields.Duration("udpStreamTimeout", value.UdpStreamTimeout, "conntrack-udp-timeout-stream"),
        UdpTimeout = fields.Duration("udpTimeout", value.UdpTimeout, "conntrack-udp-timeout"),
    };

    private static DetectLocalConfiguration Visit(DetectLocalConfiguration value, IFieldVisitor fields) => value with
    {
        BridgeInterface = fields.Text("bridgeInterface", value.BridgeInterface, "pod-bridge-interface"),
        InterfaceNamePrefix = fields.Text("interfaceNamePrefix", value.InterfaceNamePrefix, "pod-interface-name-prefix"),
    };

    private static IptablesConfiguration Visit(IptablesConfiguration value, IFieldVisitor fields) => value with
    {
        LocalhostNodePorts = fields.Switch("localhostNodePorts", value.LocalhostNodePorts, "iptables-localhost-nodeports"),
        MasqueradeAll = fields.Switch("masqueradeAll", value.MasqueradeAll, "masquerade-all"),
        MasqueradeBit = fields.Number("masqueradeBit", value.MasqueradeBit, "iptables-masquerade-bit"),
        MinSyncPeriod = fields.Duration("minSyncPeriod", value.MinSyncPeriod, "iptables-min-sync-period", zeroIsDefault: true),
        SyncPeriod = fields.Duration("syncPeriod", value.SyncPeriod, "iptables-sync-period", zeroIsDefault: true),
    };

    private static IpvsConfiguration Visit(IpvsConfiguration value, IFieldVisitor fields) => value with
    {
        ExcludeCidrs = fields.Texts("excludeCIDRs", value.ExcludeCidrs, "ipvs-exclude-cidrs"),
        MinSyncPeriod = fields.Duration("minSyncPeriod", value.MinSyncPeriod, "ipvs-min-sync-period"),
        Scheduler = fields.Text("scheduler", value.Scheduler, "ipvs-scheduler"),
        StrictArp = fields.Switch("strictARP", value.StrictArp, "ipvs-strict-arp"),
        SyncPeriod = fields.Duration("syncPeriod", value.SyncPeriod, "ipvs-sync-period", zeroIsDefault: true),
        TcpFinTimeout = fields.Duration("tcpFinTimeout", value.TcpFinTimeout, "ipvs-tcpfin-timeout"),
        TcpTimeout = fields.Duration("tcpTimeout", value.TcpTimeout, "ipvs-tcp-timeout"),
        UdpTimeout = fields.Duration("udpTimeout", value.UdpTimeout, "ipvs-udp-timeout"),
    };

    /// <summary>The bit has no flag: --iptables-masquerade-bit is for iptables mode alone, as in kube-proxy (spec 11.4).</summary>
    private static NftablesConfiguration Visit(NftablesConfiguration value, IFieldVisitor fields) => value with
    {
        MasqueradeAll = fields.Switch("masqueradeAll", value.MasqueradeAll, "masquerade-all"),
        MasqueradeBit = fields.Number("masqueradeBit", value.MasqueradeBit),
        MinSyncPeriod = fields.Duration("minSyncPeriod", value.MinSyncPeriod, "iptables-min-sync-period", zeroIsDefault: true),
        SyncPeriod = fields.Duration("syncPeriod", value.SyncPeriod, "iptables-sync-period", zeroIsDefault: true),
    };

    private static WinkernelConfiguration Visit(WinkernelConfiguration value, IFieldVisitor fields) => value with
    {
        EnableDsr = fields.Switch("enableDSR", value.EnableDsr),
        ForwardHealthCheckVip = fields.Switch("forwardHealthCheckVip", value.ForwardHealthCheckVip),
        NetworkName = fields.Text("networkName", value.NetworkName),
        RootHnsEndpointName = fields.Text("rootHnsEndpointName", value.RootHnsEndpointName),
        SourceVip = fields.Text("sourceVip", value.SourceVip),
    };
}

/// <summary>
/// Receives each field of a configuration: its name in the file, its present value and the flag that sets the same, if any.
/// Returns its value from then on.
/// </summary>
internal interface IFieldVisitor
{
    /// <summary>A field that has the same value in every file.</summary>
    void Constant(string name, string value);

    /// <summary>A section of fields.</summary>
    T Section<T>(string name, T value, Func<T, IFieldVisitor, T> visit);

    /// <summary>A text.</summary>
    /// <param name="name">The field.</param>
    /// <param name="value">Its present value; the default when a file is read.</param>
    /// <param name="flag">The flag that sets the same; empty if there is none.</param>
    /// <param name="emptyIsDefault">Whether an empty text in a file stands for the default.</param>
    string Text(string name, string value, string flag = "", bool emptyIsDefault = false);

    /// <summary>A whole number; 0 in a file may stand for the default.</summary>
    int Number(string name, int value, string flag = "", bool zeroIsDefault = false);

    /// <summary>A number with a fraction; 0 in a file may stand for the default.</summary>
    float Decimal(string name, float value, string flag = "", bool zeroIsDefault = false);

    /// <summary>True or false.</summary>
    bool Switch(string name, bool value, string flag = "", bool isWrittenWhenFalse = true);

    /// <summary>A duration; 0 in a file may stand for the default.</summary>
    TimeSpan Duration(string name, TimeSpan value, string flag = "", bool zeroIsDefault = false);

    /// <summary>A duration, or a number of nanoseconds as older files have it; 0 stands for the default, which kubeadm writes.</summary>
    TimeSpan DurationOrNanoseconds(string name, TimeSpan value, string flag = "");

    /// <summary>A quantity such as 0 or 64Ki, as text or number.</summary>
    string Quantity(string name, string value, string flag = "");

    /// <summary>A list of texts.</summary>
    EquatableArray<string> Texts(string name, EquatableArray<string> values, string flag = "");

    /// <summary>Feature gates.</summary>
    EquatableArray<FeatureGate> Gates(string name, EquatableArray<FeatureGate> values, string flag = "");

    /// <summary>Verbosity by part of the program.</summary>
    EquatableArray<VerbosityRule> VerbosityRules(string name, EquatableArray<VerbosityRule> values, string flag = "");
}
