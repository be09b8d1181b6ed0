using System.Globalization;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// The v1alpha1 form of a configuration: kube-proxy's fields in kube-proxy's order, which is that of the alphabet. Only
/// the section of the mode has its sync periods and masqueradeAll (spec 11.4); sections of other modes show 0s.
/// </summary>
internal static class ConfigurationFields
{
    public static void Write(KubeProxyConfiguration configuration, IFieldWriter output)
    {
        output.Text("apiVersion", ApiVersion);
        output.Text("bindAddress", configuration.BindAddress);
        output.Flag("bindAddressHardFail", configuration.BindAddressHardFail);
        WriteClientConnection(configuration.ClientConnection, output);
        output.Text("clusterCIDR", configuration.ClusterCidr);
        Duration(output, "configSyncPeriod", configuration.ConfigSyncPeriod);
        WriteConntrack(configuration.Conntrack, output);
        output.BeginSection("detectLocal");
        output.Text("bridgeInterface", configuration.DetectLocal.BridgeInterface);
        output.Text("interfaceNamePrefix", configuration.DetectLocal.InterfaceNamePrefix);
        output.EndSection();
        output.Text("detectLocalMode", configuration.DetectLocalMode);
        output.Flag("enableProfiling", configuration.EnableProfiling);
        WriteGates(configuration, output);
        output.Text("healthzBindAddress", configuration.HealthzBindAddress);
        output.Text("hostnameOverride", configuration.HostnameOverride);
        WriteIptables(configuration, output);
        WriteIpvs(configuration, output);
        output.Text("kind", Kind);
        WriteLogging(configuration.Logging, output);
        output.Text("metricsBindAddress", configuration.MetricsBindAddress);
        output.Text("mode", configuration.Mode);
        WriteNftables(configuration, output);
        output.Texts("nodePortAddresses", configuration.NodePortAddresses.AsSpan());
        Number(output, "oomScoreAdj", configuration.OomScoreAdj);
        output.Text("portRange", configuration.PortRange);
        output.Text("showHiddenMetricsForVersion", configuration.ShowHiddenMetricsForVersion);
        FlagIfSet(output, "windowsRunAsService", configuration.WindowsRunAsService);
        output.BeginSection("winkernel");
        output.Flag("enableDSR", configuration.Winkernel.EnableDsr);
        output.Flag("forwardHealthCheckVip", configuration.Winkernel.ForwardHealthCheckVip);
        output.Text("networkName", configuration.Winkernel.NetworkName);
        output.Text("rootHnsEndpointName", configuration.Winkernel.RootHnsEndpointName);
        output.Text("sourceVip", configuration.Winkernel.SourceVip);
        output.EndSection();
    }

    private static void WriteClientConnection(ClientConnectionConfiguration connection, IFieldWriter output)
    {
        output.BeginSection("clientConnection");
        output.Text("acceptContentTypes", connection.AcceptContentTypes);
        Number(output, "burst", connection.Burst);
        output.Text("contentType", connection.ContentType);
        output.Text("kubeconfig", connection.Kubeconfig);
        output.Number("qps", connection.Qps.ToString("R", CultureInfo.InvariantCulture));
        output.EndSection();
    }

    private static void WriteConntrack(ConntrackConfiguration conntrack, IFieldWriter output)
    {
        output.BeginSection("conntrack");
        Number(output, "maxPerCore", conntrack.MaxPerCore);
        Number(output, "min", conntrack.Min);
        output.Flag("tcpBeLiberal", conntrack.TcpBeLiberal);
        Duration(output, "tcpCloseWaitTimeout", conntrack.TcpCloseWaitTimeout);
        Duration(output, "tcpEstablishedTimeout", conntrack.TcpEstablishedTimeout);
        Duration(output, "udpStreamTimeout", conntrack.UdpStreamTimeout);
        Duration(output, "udpTimeout", conntrack.UdpTimeout);
        output.EndSection();
    }

    private static void WriteGates(KubeProxyConfiguration configuration, IFieldWriter output)
    {
        SortedDictionary<string, bool> gates = new(StringComparer.Ordinal);
        foreach (FeatureGate gate in configuration.FeatureGates)
        {
            gates[gate.Name] = gate.IsEnabled;
        }

        if (gates.Count == 0)
        {
            return;
        }

        output.BeginSection("featureGates");
        foreach ((string name, bool isEnabled) in gates)
        {
            output.Flag(name, isEnabled);
        }

        output.EndSection();
    }

    private static void WriteIptables(KubeProxyConfiguration configuration, IFieldWriter output)
    {
        bool isActive = configuration.Mode is not (ProxyMode.Nftables or ProxyMode.Ipvs);
        output.BeginSection("iptables");
        output.Flag("localhostNodePorts", configuration.Iptables.LocalhostNodePorts);
        output.Flag("masqueradeAll", configuration.Mode is not ProxyMode.Nftables && configuration.Iptables.MasqueradeAll);
        Number(output, "masqueradeBit", configuration.Iptables.MasqueradeBit);
        Duration(output, "minSyncPeriod", isActive ? configuration.Iptables.MinSyncPeriod : default);
        Duration(output, "syncPeriod", isActive ? configuration.Iptables.SyncPeriod : default);
        output.EndSection();
    }

    private static void WriteIpvs(KubeProxyConfiguration configuration, IFieldWriter output)
    {
        IpvsConfiguration ipvs = configuration.Ipvs;
        bool isActive = configuration.Mode is ProxyMode.Ipvs;
        output.BeginSection("ipvs");
        output.Texts("excludeCIDRs", ipvs.ExcludeCidrs.AsSpan());
        Duration(output, "minSyncPeriod", isActive ? ipvs.MinSyncPeriod : default);
        output.Text("scheduler", ipvs.Scheduler);
        output.Flag("strictARP", ipvs.StrictArp);
        Duration(output, "syncPeriod", isActive ? ipvs.SyncPeriod : default);
        Duration(output, "tcpFinTimeout", ipvs.TcpFinTimeout);
        Duration(output, "tcpTimeout", ipvs.TcpTimeout);
        Duration(output, "udpTimeout", ipvs.UdpTimeout);
        output.EndSection();
    }

    private static void WriteNftables(KubeProxyConfiguration configuration, IFieldWriter output)
    {
        bool isActive = configuration.Mode is ProxyMode.Nftables;
        output.BeginSection("nftables");
        output.Flag("masqueradeAll", isActive && configuration.Nftables.MasqueradeAll);
        Number(output, "masqueradeBit", configuration.Nftables.MasqueradeBit);
        Duration(output, "minSyncPeriod", isActive ? configuration.Nftables.MinSyncPeriod : default);
        Duration(output, "syncPeriod", isActive ? configuration.Nftables.SyncPeriod : default);
        output.EndSection();
    }

    private static void WriteLogging(LoggingConfiguration logging, IFieldWriter output)
    {
        output.BeginSection("logging");
        Duration(output, "flushFrequency", logging.FlushFrequency);
        output.Text("format", logging.Format);
        output.BeginSection("options");
        WriteOptions("json", logging.Json, output);
        WriteOptions("text", logging.Text, output);
        output.EndSection();
        Number(output, "verbosity", logging.Verbosity);
        if (!logging.Vmodule.IsEmpty)
        {
            output.BeginList("vmodule");
            foreach (VerbosityRule rule in logging.Vmodule)
            {
                output.BeginSection("");
                output.Text("filePattern", rule.FilePattern);
                Number(output, "verbosity", rule.Verbosity);
                output.EndSection();
            }

            output.EndList();
        }

        output.EndSection();
    }

    private static void WriteOptions(string format, LoggingOptions options, IFieldWriter output)
    {
        output.BeginSection(format);
        output.Text("infoBufferSize", options.InfoBufferSize);
        FlagIfSet(output, "splitStream", options.SplitStream);
        output.EndSection();
    }

    private static void Number(IFieldWriter output, string name, int value) => output.Number(name, value.ToString(CultureInfo.InvariantCulture));

    private static void Duration(IFieldWriter output, string name, TimeSpan value) => output.Text(name, GoDuration.Format(value));

    private static void FlagIfSet(IFieldWriter output, string name, bool value)
    {
        if (value)
        {
            output.Flag(name, value);
        }
    }
}

/// <summary>Receives the fields of a configuration in their order, to write them in some format.</summary>
internal interface IFieldWriter
{
    void BeginSection(string name);

    void EndSection();

    void Text(string name, string value);

    /// <summary>A number, given as its text.</summary>
    void Number(string name, string value);

    void Flag(string name, bool value);

    /// <summary>A list of texts; an empty one is null, as kube-proxy has it.</summary>
    void Texts(string name, ReadOnlySpan<string> values);

    /// <summary>Begins a list whose items are sections without a name.</summary>
    void BeginList(string name);

    void EndList();
}
