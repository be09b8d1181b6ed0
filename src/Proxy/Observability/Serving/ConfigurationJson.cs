using System.Text.Json;
using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// Writes the effective configuration in its v1alpha1 form, with the defaults that depend on the mode filled in
/// (spec 11.6 step 4). Of fields that each mode has in its own section, those of the active mode are written and the
/// others are empty (spec 11.4). Fields are in the order of the type of Kubernetes.
/// </summary>
internal static partial class ConfigurationJson
{
    /// <summary>Writes the configuration as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, KubeProxyConfiguration configuration) =>
        JsonSerializer.Serialize(json, Of(configuration), ConfigurationJsonContext.Default.Document);

    private static Document Of(KubeProxyConfiguration configuration)
    {
        bool isNftables = configuration.EffectiveMode is ProxyMode.Nftables;
        bool isIpvs = configuration.EffectiveMode is ProxyMode.Ipvs;
        (TimeSpan period, TimeSpan minimum) = SyncPeriods.Of(configuration);
        (TimeSpan noPeriod, TimeSpan noMinimum) = (TimeSpan.Zero, TimeSpan.Zero);
        bool isIptables = !isNftables && !isIpvs;
        return new(
            KubeProxyConfiguration.Kind,
            KubeProxyConfiguration.ApiVersion,
            GatesOf(configuration.FeatureGates),
            configuration.ClientConnection,
            Of(configuration.Logging),
            configuration.HostnameOverride,
            configuration.BindAddress,
            configuration.HealthzBindAddress,
            configuration.MetricsBindAddress,
            configuration.BindAddressHardFail,
            configuration.EnableProfiling,
            configuration.ShowHiddenMetricsForVersion,
            configuration.EffectiveMode,
            configuration.Iptables with
            {
                MasqueradeAll = !isNftables && configuration.Iptables.MasqueradeAll,
                SyncPeriod = isIptables ? period : noPeriod,
                MinSyncPeriod = isIptables ? minimum : noMinimum,
            },
            configuration.Ipvs with { SyncPeriod = isIpvs ? period : noPeriod, MinSyncPeriod = isIpvs ? minimum : noMinimum },
            configuration.Nftables with
            {
                MasqueradeAll = isNftables && configuration.Nftables.MasqueradeAll,
                SyncPeriod = isNftables ? period : noPeriod,
                MinSyncPeriod = isNftables ? minimum : noMinimum,
            },
            configuration.Winkernel,
            configuration.EffectiveDetectLocalMode,
            configuration.DetectLocal,
            configuration.ClusterCidr,
            isNftables && configuration.NodePortAddresses.IsEmpty ? [ProxySettings.PrimaryAddresses] : configuration.NodePortAddresses,
            configuration.OomScoreAdj,
            configuration.Conntrack,
            configuration.ConfigSyncPeriod,
            configuration.PortRange,
            configuration.WindowsRunAsService);
    }

    private static LoggingSection Of(KubeProxyConfiguration.LoggingConfiguration logging) => new(
        logging.Format,
        logging.FlushFrequency,
        logging.Verbosity,
        logging.Vmodule.IsEmpty ? null : logging.Vmodule.AsSpan().ToArray(),
        new(logging.Text, logging.Json));

    private static SortedDictionary<string, bool>? GatesOf(EquatableArray<KubeProxyConfiguration.FeatureGate> gates)
    {
        SortedDictionary<string, bool> byName = new(StringComparer.Ordinal);
        foreach (KubeProxyConfiguration.FeatureGate gate in gates)
        {
            byName[gate.Name] = gate.IsEnabled;
        }

        return byName.Count == 0 ? null : byName;
    }

    internal sealed record Document(
        string Kind,
        string ApiVersion,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SortedDictionary<string, bool>? FeatureGates,
        KubeProxyConfiguration.ClientConnectionConfiguration ClientConnection,
        LoggingSection Logging,
        string HostnameOverride,
        string BindAddress,
        string HealthzBindAddress,
        string MetricsBindAddress,
        bool BindAddressHardFail,
        bool EnableProfiling,
        string ShowHiddenMetricsForVersion,
        string Mode,
        KubeProxyConfiguration.IptablesConfiguration Iptables,
        KubeProxyConfiguration.IpvsConfiguration Ipvs,
        KubeProxyConfiguration.NftablesConfiguration Nftables,
        KubeProxyConfiguration.WinkernelConfiguration Winkernel,
        string DetectLocalMode,
        KubeProxyConfiguration.DetectLocalConfiguration DetectLocal,
        [property: JsonPropertyName("clusterCIDR")] string ClusterCidr,
        EquatableArray<string> NodePortAddresses,
        int OomScoreAdj,
        KubeProxyConfiguration.ConntrackConfiguration Conntrack,
        TimeSpan ConfigSyncPeriod,
        string PortRange,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool WindowsRunAsService);

    internal sealed record LoggingSection(
        string Format,
        TimeSpan FlushFrequency,
        int Verbosity,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] KubeProxyConfiguration.VerbosityRule[]? Vmodule,
        LoggingFormats Options);

    internal sealed record LoggingFormats(KubeProxyConfiguration.LoggingOptions Text, KubeProxyConfiguration.LoggingOptions Json);

    internal sealed class DurationConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(GoDuration.Format(value));
    }

    // Go writes a list without entries as null.
    internal sealed class TextsConverter : JsonConverter<EquatableArray<string>>
    {
        public override EquatableArray<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, EquatableArray<string> value, JsonSerializerOptions options)
        {
            if (value.IsEmpty)
            {
                writer.WriteNullValue();
                return;
            }

            writer.WriteStartArray();
            foreach (string text in value)
            {
                writer.WriteStringValue(text);
            }

            writer.WriteEndArray();
        }
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(DurationConverter), typeof(TextsConverter)])]
    [JsonSerializable(typeof(Document))]
    private sealed partial class ConfigurationJsonContext : JsonSerializerContext;
}
