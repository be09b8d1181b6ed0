using System.Text.Json;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>
/// Writes the effective configuration in its v1alpha1 form, with the defaults that depend on the mode filled in
/// (spec 11.6 step 4). Of the fields that each mode has in a section of its own, those of the active one are shown and the
/// others are empty (spec 11.4). Fields come in the order of Kubernetes' type.
/// </summary>
internal static class ConfigurationJson
{
    private static readonly KubeProxyConfiguration.LoggingOptions s_defaultOptions = new();

    /// <summary>Writes the configuration as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, KubeProxyConfiguration configuration)
    {
        json.WriteStartObject();
        json.WriteString("kind", KubeProxyConfiguration.Kind);
        json.WriteString("apiVersion", KubeProxyConfiguration.ApiVersion);
        WriteFeatureGates(json, configuration.FeatureGates);
        WriteClientConnection(json, configuration.ClientConnection);
        WriteLogging(json, configuration.Logging);
        json.WriteString("hostnameOverride", configuration.HostnameOverride);
        json.WriteString("bindAddress", configuration.BindAddress);
        json.WriteString("healthzBindAddress", configuration.HealthzBindAddress);
        json.WriteString("metricsBindAddress", configuration.MetricsBindAddress);
        json.WriteBoolean("bindAddressHardFail", configuration.BindAddressHardFail);
        json.WriteBoolean("enableProfiling", configuration.EnableProfiling);
        json.WriteString("showHiddenMetricsForVersion", configuration.ShowHiddenMetricsForVersion);
        json.WriteString("mode", configuration.EffectiveMode);
        WriteIptables(json, configuration);
        WriteIpvs(json, configuration);
        WriteNftables(json, configuration);
        WriteWinkernel(json, configuration.Winkernel);
        json.WriteString("detectLocalMode", configuration.EffectiveDetectLocalMode);
        json.WriteStartObject("detectLocal");
        json.WriteString("bridgeInterface", configuration.DetectLocal.BridgeInterface);
        json.WriteString("interfaceNamePrefix", configuration.DetectLocal.InterfaceNamePrefix);
        json.WriteEndObject();
        json.WriteString("clusterCIDR", configuration.ClusterCidr);
        bool isPrimary = configuration.EffectiveMode is ProxyMode.Nftables && configuration.NodePortAddresses.IsEmpty;
        WriteList(json, "nodePortAddresses", isPrimary ? [ProxySettings.PrimaryAddresses] : configuration.NodePortAddresses);
        json.WriteNumber("oomScoreAdj", configuration.OomScoreAdj);
        WriteConntrack(json, configuration.Conntrack);
        WriteDuration(json, "configSyncPeriod", configuration.ConfigSyncPeriod);
        json.WriteString("portRange", configuration.PortRange);
        if (configuration.WindowsRunAsService)
        {
            json.WriteBoolean("windowsRunAsService", true);
        }

        json.WriteEndObject();
    }

    private static void WriteFeatureGates(Utf8JsonWriter json, EquatableArray<KubeProxyConfiguration.FeatureGate> gates)
    {
        if (gates.IsEmpty)
        {
            return;
        }

        SortedDictionary<string, bool> byName = new(StringComparer.Ordinal);
        foreach (KubeProxyConfiguration.FeatureGate gate in gates)
        {
            byName[gate.Name] = gate.IsEnabled;
        }

        json.WriteStartObject("featureGates");
        foreach ((string name, bool isEnabled) in byName)
        {
            json.WriteBoolean(name, isEnabled);
        }

        json.WriteEndObject();
    }

    private static void WriteClientConnection(Utf8JsonWriter json, KubeProxyConfiguration.ClientConnectionConfiguration connection)
    {
        json.WriteStartObject("clientConnection");
        json.WriteString("kubeconfig", connection.Kubeconfig);
        json.WriteString("acceptContentTypes", connection.AcceptContentTypes);
        json.WriteString("contentType", connection.ContentType);
        json.WriteNumber("qps", connection.Qps);
        json.WriteNumber("burst", connection.Burst);
        json.WriteEndObject();
    }

    private static void WriteLogging(Utf8JsonWriter json, KubeProxyConfiguration.LoggingConfiguration logging)
    {
        json.WriteStartObject("logging");
        json.WriteString("format", logging.Format);
        WriteDuration(json, "flushFrequency", logging.FlushFrequency);
        json.WriteNumber("verbosity", logging.Verbosity);
        if (!logging.Vmodule.IsEmpty)
        {
            json.WriteStartArray("vmodule");
            foreach (KubeProxyConfiguration.VerbosityRule rule in logging.Vmodule)
            {
                json.WriteStartObject();
                json.WriteString("filePattern", rule.FilePattern);
                json.WriteNumber("verbosity", rule.Verbosity);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("options");
        WriteLoggingOptions(json, "text", logging.Text);
        WriteLoggingOptions(json, "json", logging.Json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLoggingOptions(Utf8JsonWriter json, string name, KubeProxyConfiguration.LoggingOptions options)
    {
        json.WriteStartObject(name);
        if (options.SplitStream != s_defaultOptions.SplitStream)
        {
            json.WriteBoolean("splitStream", options.SplitStream);
        }

        json.WriteString("infoBufferSize", options.InfoBufferSize);
        json.WriteEndObject();
    }

    private static void WriteIptables(Utf8JsonWriter json, KubeProxyConfiguration configuration)
    {
        bool isNftables = configuration.EffectiveMode is ProxyMode.Nftables;
        bool isActive = configuration.EffectiveMode is not (ProxyMode.Nftables or ProxyMode.Ipvs);
        json.WriteStartObject("iptables");
        json.WriteNumber("masqueradeBit", configuration.Iptables.MasqueradeBit);
        json.WriteBoolean("masqueradeAll", !isNftables && configuration.Iptables.MasqueradeAll);
        json.WriteBoolean("localhostNodePorts", configuration.Iptables.LocalhostNodePorts);
        WriteSyncPeriods(json, configuration, isActive);
        json.WriteEndObject();
    }

    private static void WriteIpvs(Utf8JsonWriter json, KubeProxyConfiguration configuration)
    {
        KubeProxyConfiguration.IpvsConfiguration ipvs = configuration.Ipvs;
        json.WriteStartObject("ipvs");
        WriteSyncPeriods(json, configuration, configuration.EffectiveMode is ProxyMode.Ipvs);
        json.WriteString("scheduler", ipvs.Scheduler);
        WriteList(json, "excludeCIDRs", ipvs.ExcludeCidrs);
        json.WriteBoolean("strictARP", ipvs.StrictArp);
        WriteDuration(json, "tcpTimeout", ipvs.TcpTimeout);
        WriteDuration(json, "tcpFinTimeout", ipvs.TcpFinTimeout);
        WriteDuration(json, "udpTimeout", ipvs.UdpTimeout);
        json.WriteEndObject();
    }

    private static void WriteNftables(Utf8JsonWriter json, KubeProxyConfiguration configuration)
    {
        bool isActive = configuration.EffectiveMode is ProxyMode.Nftables;
        json.WriteStartObject("nftables");
        json.WriteNumber("masqueradeBit", configuration.Nftables.MasqueradeBit);
        json.WriteBoolean("masqueradeAll", isActive && configuration.Nftables.MasqueradeAll);
        WriteSyncPeriods(json, configuration, isActive);
        json.WriteEndObject();
    }

    private static void WriteWinkernel(Utf8JsonWriter json, KubeProxyConfiguration.WinkernelConfiguration winkernel)
    {
        json.WriteStartObject("winkernel");
        json.WriteString("networkName", winkernel.NetworkName);
        json.WriteString("sourceVip", winkernel.SourceVip);
        json.WriteBoolean("enableDSR", winkernel.EnableDsr);
        json.WriteString("rootHnsEndpointName", winkernel.RootHnsEndpointName);
        json.WriteBoolean("forwardHealthCheckVip", winkernel.ForwardHealthCheckVip);
        json.WriteEndObject();
    }

    private static void WriteConntrack(Utf8JsonWriter json, KubeProxyConfiguration.ConntrackConfiguration conntrack)
    {
        json.WriteStartObject("conntrack");
        json.WriteNumber("maxPerCore", conntrack.MaxPerCore);
        json.WriteNumber("min", conntrack.Min);
        WriteDuration(json, "tcpEstablishedTimeout", conntrack.TcpEstablishedTimeout);
        WriteDuration(json, "tcpCloseWaitTimeout", conntrack.TcpCloseWaitTimeout);
        json.WriteBoolean("tcpBeLiberal", conntrack.TcpBeLiberal);
        WriteDuration(json, "udpTimeout", conntrack.UdpTimeout);
        WriteDuration(json, "udpStreamTimeout", conntrack.UdpStreamTimeout);
        json.WriteEndObject();
    }

    private static void WriteSyncPeriods(Utf8JsonWriter json, KubeProxyConfiguration configuration, bool isActive)
    {
        (TimeSpan syncPeriod, TimeSpan minSyncPeriod) = isActive ? SyncPeriods.Of(configuration) : default;
        WriteDuration(json, "syncPeriod", syncPeriod);
        WriteDuration(json, "minSyncPeriod", minSyncPeriod);
    }

    private static void WriteDuration(Utf8JsonWriter json, string name, TimeSpan duration) => json.WriteString(name, GoDuration.Format(duration));

    private static void WriteList(Utf8JsonWriter json, string name, EquatableArray<string> items)
    {
        if (items.IsEmpty)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (string item in items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }
}
