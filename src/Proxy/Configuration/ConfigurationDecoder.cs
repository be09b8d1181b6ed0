using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Decodes the fields of KubeProxyConfiguration and applies kube-proxy's defaults (spec 11.2).</summary>
internal static class ConfigurationDecoder
{
    private const int HealthzPort = 10256;
    private const int MetricsPort = 10249;

    private static readonly KubeProxyConfiguration s_defaults = new();

    public static KubeProxyConfiguration Decode(StrictFields fields)
    {
        _ = fields.Node("apiVersion");
        _ = fields.Node("kind");
        string bindAddress = OrDefault(fields.Text("bindAddress", ""), s_defaults.BindAddress);
        KubeProxyConfiguration configuration = new()
        {
            FeatureGates = FeatureGates(fields.Node("featureGates")),
            ClientConnection = ClientConnection(fields.Section("clientConnection")),
            Logging = Logging(fields.Section("logging")),
            HostnameOverride = fields.Text("hostnameOverride", ""),
            BindAddress = bindAddress,
            HealthzBindAddress = BindAddressWithPort(fields.Text("healthzBindAddress", ""), bindAddress, "0.0.0.0", "::", HealthzPort),
            MetricsBindAddress = BindAddressWithPort(fields.Text("metricsBindAddress", ""), bindAddress, "127.0.0.1", "::1", MetricsPort),
            BindAddressHardFail = fields.Flag("bindAddressHardFail", missing: false),
            EnableProfiling = fields.Flag("enableProfiling", missing: false),
            ShowHiddenMetricsForVersion = fields.Text("showHiddenMetricsForVersion", ""),
            Mode = fields.Text("mode", ""),
            Iptables = Iptables(fields.Section("iptables")),
            Nftables = Nftables(fields.Section("nftables")),
            Ipvs = Ipvs(fields.Section("ipvs")),
            Winkernel = Winkernel(fields.Section("winkernel")),
            DetectLocalMode = fields.Text("detectLocalMode", ""),
            DetectLocal = DetectLocal(fields.Section("detectLocal")),
            ClusterCidr = fields.Text("clusterCIDR", ""),
            NodePortAddresses = fields.Texts("nodePortAddresses"),
            OomScoreAdj = fields.Number("oomScoreAdj", s_defaults.OomScoreAdj),
            Conntrack = Conntrack(fields.Section("conntrack")),
            ConfigSyncPeriod = OrDefault(fields.Duration("configSyncPeriod", default), s_defaults.ConfigSyncPeriod),
            PortRange = fields.Text("portRange", ""),
            WindowsRunAsService = fields.Flag("windowsRunAsService", missing: false),
        };
        fields.Finish();
        return configuration;
    }

    /// <summary>Fills in a bind address: the default of the family of bindAddress, and the port if it is missing.</summary>
    internal static string BindAddressWithPort(string given, string bindAddress, string ipv4, string ipv6, int port)
    {
        if (given.Length == 0)
        {
            // Also IPv6 when bindAddress is invalid, as in kube-proxy (spec 11.2).
            bool isIPv4 = IpAddress.TryParse(bindAddress, out IpAddress bound) && bound.IsIPv4;
            given = isIPv4 ? ipv4 : ipv6;
        }

        if (!IpAddress.TryParse(given, out IpAddress address))
        {
            return given;
        }

        return address.IsIPv4 ? $"{given}:{port}" : $"[{given}]:{port}";
    }

    private static string OrDefault(string value, string missing) => value.Length == 0 ? missing : value;

    private static TimeSpan OrDefault(TimeSpan value, TimeSpan missing) => value == TimeSpan.Zero ? missing : value;

    private static EquatableArray<FeatureGate> FeatureGates(DocumentNode gates)
    {
        List<FeatureGate> read = [];
        foreach (DocumentNode gate in gates.Members)
        {
            read.Add(new(gate.Key, gate.AsBoolean() ?? throw gate.Wrong("is null, not true or false")));
        }

        return EquatableArray.CopyOf(read);
    }

    private static ClientConnectionConfiguration ClientConnection(StrictFields fields)
    {
        ClientConnectionConfiguration defaults = s_defaults.ClientConnection;
        float qps = fields.Decimal("qps", 0);
        int burst = fields.Number("burst", 0);
        ClientConnectionConfiguration read = new()
        {
            Kubeconfig = fields.Text("kubeconfig", ""),
            AcceptContentTypes = fields.Text("acceptContentTypes", ""),
            ContentType = OrDefault(fields.Text("contentType", ""), defaults.ContentType),
            Qps = qps == 0 ? defaults.Qps : qps,
            Burst = burst == 0 ? defaults.Burst : burst,
        };
        fields.Finish();
        return read;
    }

    private static LoggingConfiguration Logging(StrictFields fields)
    {
        LoggingConfiguration defaults = s_defaults.Logging;
        StrictFields options = fields.Section("options");
        LoggingConfiguration read = new()
        {
            Format = OrDefault(fields.Text("format", ""), defaults.Format),
            FlushFrequency = FlushFrequency(fields, defaults.FlushFrequency),
            Verbosity = fields.Number("verbosity", 0),
            Vmodule = Vmodule(fields.Node("vmodule")),
            Text = LoggingOptions(options.Section("text")),
            Json = LoggingOptions(options.Section("json")),
        };
        options.Finish();
        fields.Finish();
        return read;
    }

    /// <summary>A duration, or a number of nanoseconds as older files have it; kubeadm writes the number 0 for the default.</summary>
    private static TimeSpan FlushFrequency(StrictFields fields, TimeSpan missing)
    {
        DocumentNode node = fields.Node("flushFrequency");
        TimeSpan given = node.Kind == DocumentKind.Number
            ? TimeSpan.FromTicks((long)((node.AsDouble() ?? 0) / 100))
            : fields.Duration("flushFrequency", default);
        return OrDefault(given, missing);
    }

    private static EquatableArray<VerbosityRule> Vmodule(DocumentNode list)
    {
        List<VerbosityRule> rules = [];
        foreach (DocumentNode rule in list.Elements)
        {
            rules.Add(new(rule["filePattern"u8].AsString(""), rule["verbosity"u8].AsInt32() ?? 0));
        }

        return EquatableArray.CopyOf(rules);
    }

    private static LoggingOptions LoggingOptions(StrictFields fields)
    {
        DocumentNode size = fields.Node("infoBufferSize");
        LoggingOptions read = new()
        {
            SplitStream = fields.Flag("splitStream", missing: false),
            InfoBufferSize = size.Kind == DocumentKind.Number ? $"{size.AsDouble()}" : size.AsString("0"),
        };
        fields.Finish();
        return read;
    }

    private static IptablesConfiguration Iptables(StrictFields fields)
    {
        IptablesConfiguration defaults = s_defaults.Iptables;
        IptablesConfiguration read = new()
        {
            MasqueradeBit = fields.Number("masqueradeBit", defaults.MasqueradeBit),
            MasqueradeAll = fields.Flag("masqueradeAll", missing: false),
            LocalhostNodePorts = fields.Flag("localhostNodePorts", missing: true),
            SyncPeriod = OrDefault(fields.Duration("syncPeriod", default), defaults.SyncPeriod),
            MinSyncPeriod = OrDefault(fields.Duration("minSyncPeriod", default), defaults.MinSyncPeriod),
        };
        fields.Finish();
        return read;
    }

    private static NftablesConfiguration Nftables(StrictFields fields)
    {
        NftablesConfiguration defaults = s_defaults.Nftables;
        NftablesConfiguration read = new()
        {
            MasqueradeBit = fields.Number("masqueradeBit", defaults.MasqueradeBit),
            MasqueradeAll = fields.Flag("masqueradeAll", missing: false),
            SyncPeriod = OrDefault(fields.Duration("syncPeriod", default), defaults.SyncPeriod),
            MinSyncPeriod = OrDefault(fields.Duration("minSyncPeriod", default), defaults.MinSyncPeriod),
        };
        fields.Finish();
        return read;
    }

    private static IpvsConfiguration Ipvs(StrictFields fields)
    {
        IpvsConfiguration read = new()
        {
            SyncPeriod = OrDefault(fields.Duration("syncPeriod", default), s_defaults.Ipvs.SyncPeriod),
            MinSyncPeriod = fields.Duration("minSyncPeriod", default),
            Scheduler = fields.Text("scheduler", ""),
            ExcludeCidrs = fields.Texts("excludeCIDRs"),
            StrictArp = fields.Flag("strictARP", missing: false),
            TcpTimeout = fields.Duration("tcpTimeout", default),
            TcpFinTimeout = fields.Duration("tcpFinTimeout", default),
            UdpTimeout = fields.Duration("udpTimeout", default),
        };
        fields.Finish();
        return read;
    }

    private static WinkernelConfiguration Winkernel(StrictFields fields)
    {
        WinkernelConfiguration read = new()
        {
            NetworkName = fields.Text("networkName", ""),
            SourceVip = fields.Text("sourceVip", ""),
            EnableDsr = fields.Flag("enableDSR", missing: false),
            RootHnsEndpointName = fields.Text("rootHnsEndpointName", ""),
            ForwardHealthCheckVip = fields.Flag("forwardHealthCheckVip", missing: false),
        };
        fields.Finish();
        return read;
    }

    private static DetectLocalConfiguration DetectLocal(StrictFields fields)
    {
        DetectLocalConfiguration read = new()
        {
            BridgeInterface = fields.Text("bridgeInterface", ""),
            InterfaceNamePrefix = fields.Text("interfaceNamePrefix", ""),
        };
        fields.Finish();
        return read;
    }

    private static ConntrackConfiguration Conntrack(StrictFields fields)
    {
        ConntrackConfiguration defaults = s_defaults.Conntrack;
        ConntrackConfiguration read = new()
        {
            MaxPerCore = fields.Number("maxPerCore", defaults.MaxPerCore),
            Min = fields.Number("min", defaults.Min),
            TcpEstablishedTimeout = fields.Duration("tcpEstablishedTimeout", defaults.TcpEstablishedTimeout),
            TcpCloseWaitTimeout = fields.Duration("tcpCloseWaitTimeout", defaults.TcpCloseWaitTimeout),
            TcpBeLiberal = fields.Flag("tcpBeLiberal", missing: false),
            UdpTimeout = fields.Duration("udpTimeout", default),
            UdpStreamTimeout = fields.Duration("udpStreamTimeout", default),
        };
        fields.Finish();
        return read;
    }
}
