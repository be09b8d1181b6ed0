using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Configuration.Run;

/// <summary>Puts flags and configuration file together: steps 3 to 6 of spec 11.6.</summary>
internal static class RunOptionsReader
{
    /// <summary>Reads the options; validation comes later, when there is a log.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, or a flag makes no sense; begins with <c>failed complete: </c>.</exception>
    public static RunOptions Read(KubeProxyFlags flags)
    {
        List<string> notes = [];
        string? configPath = flags.Config.Value.Length == 0 ? null : flags.Config.Value;
        KubeProxyConfiguration configuration = configPath is null ? FlagConfiguration.From(flags) : ReadFile(configPath, flags, notes);
        configuration = WithPlatformDefaults(configuration, notes);
        if (flags.HostnameOverride.Value.Length != 0)
        {
            string name = flags.HostnameOverride.Value.Trim().ToLowerInvariant();
            configuration = configuration with
            {
                HostnameOverride = name.Length != 0 ? name : throw new ConfigurationException("failed complete: empty hostname-override is invalid"),
            };
        }

        CheckGates(configuration, notes);
        return new RunOptions
        {
            Configuration = configuration,
            Master = flags.Master.Value,
            ManifestPaths = [.. flags.Manifests.Value],
            ManifestsSettleTime = flags.ManifestsSettleTime.Value,
            IsInitOnly = flags.InitOnly.Value,
            IsCleanup = flags.Cleanup.Value,
            WriteConfigTo = flags.WriteConfigTo.Value.Length == 0 ? null : flags.WriteConfigTo.Value,
            IptablesVariant = flags.IptablesVariant.Value,
            NftablesWriter = flags.NftablesWriter.Value,
            EgressPath = EgressPath(flags, notes),
            HasServiceCounters = flags.ServiceCounters.Value,
            ServiceCountersTop = ServiceCountersTop(flags, notes),
            RecordPath = flags.Record.Value.Length == 0 ? null : flags.Record.Value,
            RecordLimit = RecordLimit(flags, notes),
            TcpFlows = flags.ConntrackTcp.Value,
            CountsServiceFlows = flags.ConntrackServiceFlows.Value,
            ConfigPath = configPath,
            ReportedVersion = flags.Version.Value.StartsWith('v') ? flags.Version.Value : KubernetesVersion.Text,
            Flags = Dump(flags),
            Notes = EquatableArray.CopyOf(notes),
        };
    }

    /// <summary>The error for a configuration file that cannot be read.</summary>
    internal static ConfigurationException CannotOpen(string path, Exception e) =>
        new($"failed complete: open {path}: {(e is FileNotFoundException or DirectoryNotFoundException ? "no such file or directory" : e.Message)}");

    private static KubeProxyConfiguration ReadFile(string path, KubeProxyFlags flags, List<string> notes)
    {
        LoadedConfiguration loaded;
        try
        {
            loaded = ConfigurationReader.ReadFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotOpen(path, e);
        }

        notes.AddRange(loaded.OtherDocuments.Select(other => $"{path}: {other}; left out"));
        if (loaded.StrictProblems.Count != 0)
        {
            notes.Add($"Using lenient decoding as strict decoding failed: {path}: {string.Join("; ", loaded.StrictProblems)}");
        }

        return loaded.Value with { Logging = FlagConfiguration.Override(loaded.Value.Logging, flags) };
    }

    private static KubeProxyConfiguration WithPlatformDefaults(KubeProxyConfiguration configuration, List<string> notes)
    {
        if (configuration.Mode.Length == 0)
        {
            notes.Add("Using iptables proxy");
            configuration = configuration with { Mode = ProxyMode.Iptables };
        }

        if (configuration.Mode is ProxyMode.Nftables && configuration.NodePortAddresses.IsEmpty)
        {
            configuration = configuration with { NodePortAddresses = [ProxySettings.PrimaryAddresses] };
        }

        return configuration with { DetectLocalMode = configuration.EffectiveDetectLocalMode };
    }

    private static string? EgressPath(KubeProxyFlags flags, List<string> notes)
    {
        if (flags.EgressMasquerade.Value)
        {
            return flags.EgressMasqueradeConfig.Value;
        }

        if (flags.EgressMasqueradeConfig.IsGiven)
        {
            notes.Add("--egress-masquerade-config has no effect without --egress-masquerade");
        }

        return null;
    }

    private static int ServiceCountersTop(KubeProxyFlags flags, List<string> notes)
    {
        if (flags.ServiceCountersTop.IsGiven && !flags.ServiceCounters.Value)
        {
            notes.Add("--service-counters-top has no effect without --service-counters");
        }

        return flags.ServiceCountersTop.Value;
    }

    /// <summary>The limit in bytes.</summary>
    private static long RecordLimit(KubeProxyFlags flags, List<string> notes)
    {
        if (flags.RecordLimit.IsGiven && flags.Record.Value.Length == 0)
        {
            notes.Add("--record-limit has no effect without --record");
        }

        return flags.RecordLimit.Value > 0
            ? flags.RecordLimit.Value * 1024L * 1024L
            : throw new ConfigurationException("failed complete: --record-limit must be 1 MiB at least");
    }

    private static void CheckGates(KubeProxyConfiguration configuration, List<string> notes)
    {
        foreach (KubeProxyConfiguration.FeatureGate gate in configuration.FeatureGates)
        {
            if (FeatureGates.Objection(gate) is { } objection)
            {
                throw new ConfigurationException("failed complete: " + objection);
            }

            if (!FeatureGates.IsKnown(gate.Name))
            {
                notes.Add($"Feature gate {gate.Name} has no effect on this program");
            }
        }
    }

    private static EquatableArray<FlagValue> Dump(KubeProxyFlags flags)
    {
        List<FlagValue> values = [];
        foreach (Flag flag in flags.Set.All.OrderBy(flag => flag.Name, StringComparer.Ordinal))
        {
            values.Add(new FlagValue(flag.Name, flag == flags.Master ? WithoutUserInfo(flag.Text) : flag.Text, flag.IsGiven));
        }

        return EquatableArray.CopyOf(values);
    }

    /// <summary>A URL may contain a password, which must not be logged.</summary>
    private static string WithoutUserInfo(string url)
    {
        int scheme = url.IndexOf("://", StringComparison.Ordinal);
        int start = scheme < 0 ? 0 : scheme + 3;
        int length = url.AsSpan(start).IndexOfAny('/', '?', '#');
        ReadOnlySpan<char> authority = length < 0 ? url.AsSpan(start) : url.AsSpan(start, length);
        int at = authority.LastIndexOf('@');
        return at < 0 ? url : string.Concat(url.AsSpan(0, start), url.AsSpan(start + at + 1));
    }
}
