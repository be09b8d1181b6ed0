using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Addresses;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration.Run;

/// <summary>The configuration from flags alone, and the flags that override a file (spec 11.3 to 11.5).</summary>
internal static class FlagConfiguration
{
    /// <summary>The configuration when there is no file.</summary>
    public static KubeProxyConfiguration From(KubeProxyFlags flags)
    {
        string mode = flags.ProxyMode.Value;
        bool isIpvs = mode is ProxyMode.Ipvs;
        bool isNftables = mode is ProxyMode.Nftables;
        IptablesConfiguration iptables = new()
        {
            MasqueradeBit = flags.IptablesMasqueradeBit.Value,
            MasqueradeAll = !isNftables && flags.MasqueradeAll.Value,
            LocalhostNodePorts = flags.IptablesLocalhostNodePorts.Value,
        };
        NftablesConfiguration nftables = new() { MasqueradeAll = isNftables && flags.MasqueradeAll.Value };
        return new KubeProxyConfiguration
        {
            FeatureGates = [.. flags.FeatureGates.Value],
            ClientConnection = new()
            {
                Kubeconfig = flags.Kubeconfig.Value,
                ContentType = flags.KubeApiContentType.Value,
                Qps = flags.KubeApiQps.Value,
                Burst = flags.KubeApiBurst.Value,
            },
            Logging = WithFlags(new LoggingConfiguration(), flags),
            BindAddress = flags.BindAddress.Value,
            HealthzBindAddress = WithPort(flags.HealthzBindAddress.Value, flags.HealthzPort.Value, flags),
            MetricsBindAddress = WithPort(flags.MetricsBindAddress.Value, flags.MetricsPort.Value, flags),
            BindAddressHardFail = flags.BindAddressHardFail.Value,
            EnableProfiling = flags.Profiling.Value,
            ShowHiddenMetricsForVersion = flags.ShowHiddenMetricsForVersion.Value,
            Mode = mode,
            Iptables = isNftables || isIpvs
                ? iptables
                : iptables with { SyncPeriod = flags.IptablesSyncPeriod.Value, MinSyncPeriod = flags.IptablesMinSyncPeriod.Value },
            Nftables = isNftables
                ? nftables with { SyncPeriod = flags.IptablesSyncPeriod.Value, MinSyncPeriod = flags.IptablesMinSyncPeriod.Value }
                : nftables,
            Ipvs = Ipvs(flags, isIpvs),
            DetectLocalMode = flags.DetectLocalMode.Value,
            DetectLocal = new() { BridgeInterface = flags.PodBridgeInterface.Value, InterfaceNamePrefix = flags.PodInterfaceNamePrefix.Value },
            ClusterCidr = flags.ClusterCidr.Value,
            NodePortAddresses = [.. flags.NodePortAddresses.Value],
            OomScoreAdj = flags.OomScoreAdj.Value,
            Conntrack = new()
            {
                MaxPerCore = flags.ConntrackMaxPerCore.Value,
                Min = flags.ConntrackMin.Value,
                TcpEstablishedTimeout = flags.ConntrackTcpTimeoutEstablished.Value,
                TcpCloseWaitTimeout = flags.ConntrackTcpTimeoutCloseWait.Value,
                TcpBeLiberal = flags.ConntrackTcpBeLiberal.Value,
                UdpTimeout = flags.ConntrackUdpTimeout.Value,
                UdpStreamTimeout = flags.ConntrackUdpTimeoutStream.Value,
            },
            ConfigSyncPeriod = flags.ConfigSyncPeriod.Value,
        };
    }

    /// <summary>Logging flags win over a file, each on its own; patterns of --vmodule come before those of the file (spec 11.5).</summary>
    public static LoggingConfiguration WithFlags(LoggingConfiguration logging, KubeProxyFlags flags) => logging with
    {
        Format = flags.LoggingFormat.IsGiven ? flags.LoggingFormat.Value : logging.Format,
        FlushFrequency = flags.LogFlushFrequency.IsGiven ? flags.LogFlushFrequency.Value : logging.FlushFrequency,
        Verbosity = flags.Verbosity.IsGiven ? flags.Verbosity.Value : logging.Verbosity,
        Vmodule = [.. flags.Vmodule.Value, .. logging.Vmodule.AsSpan()],
        Text = new()
        {
            SplitStream = flags.LogTextSplitStream.IsGiven ? flags.LogTextSplitStream.Value : logging.Text.SplitStream,
            InfoBufferSize = flags.LogTextInfoBufferSize.IsGiven ? flags.LogTextInfoBufferSize.Value : logging.Text.InfoBufferSize,
        },
        Json = new()
        {
            SplitStream = flags.LogJsonSplitStream.IsGiven ? flags.LogJsonSplitStream.Value : logging.Json.SplitStream,
            InfoBufferSize = flags.LogJsonInfoBufferSize.IsGiven ? flags.LogJsonInfoBufferSize.Value : logging.Json.InfoBufferSize,
        },
    };

    /// <summary>The periods default to those of iptables, including the minimum period, as in kube-proxy (spec 11.4).</summary>
    private static IpvsConfiguration Ipvs(KubeProxyFlags flags, bool isMode)
    {
        IpvsConfiguration ipvs = new()
        {
            Scheduler = flags.IpvsScheduler.Value,
            ExcludeCidrs = [.. flags.IpvsExcludeCidrs.Value],
            StrictArp = flags.IpvsStrictArp.Value,
            TcpTimeout = flags.IpvsTcpTimeout.Value,
            TcpFinTimeout = flags.IpvsTcpFinTimeout.Value,
            UdpTimeout = flags.IpvsUdpTimeout.Value,
        };
        return isMode ? ipvs with { SyncPeriod = flags.IpvsSyncPeriod.Value, MinSyncPeriod = flags.IpvsMinSyncPeriod.Value } : ipvs;
    }

    /// <summary>
    /// Port 0 switches a server off, and another one is added to a bare address. The deprecated flags are not looked at
    /// when the configuration is only written (spec 11.3).
    /// </summary>
    private static string WithPort(string address, int port, KubeProxyFlags flags)
    {
        if (flags.WriteConfigTo.Value.Length != 0)
        {
            return address;
        }

        if (port == 0)
        {
            return "";
        }

        if (!IpAddress.TryParse(address, out IpAddress parsed))
        {
            return address;
        }

        return parsed.IsIPv4 ? $"{address}:{port}" : $"[{address}]:{port}";
    }
}
