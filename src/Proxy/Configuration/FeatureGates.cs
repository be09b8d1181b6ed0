namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Feature gates of a configuration. Only those of spec 11.10 have an effect; all others are accepted.</summary>
internal static class FeatureGates
{
    public const string AllowServiceExternalIPs = "AllowServiceExternalIPs";

    /// <summary>Whether options of logging that are in an early stage may be used.</summary>
    public const string LoggingAlphaOptions = "LoggingAlphaOptions";

    /// <summary>Whether the metrics server shows flags.</summary>
    public const string ComponentFlagz = "ComponentFlagz";

    /// <summary>Whether the metrics server shows a status page.</summary>
    public const string ComponentStatusz = "ComponentStatusz";

    /// <summary>Gates that 1.36 has locked on, and so cannot be switched off (spec 11.10).</summary>
    private static readonly string[] s_locked = ["NFTablesProxyMode", "PreferSameTrafficDistribution", "MultiCIDRServiceAllocator"];

    private static readonly string[] s_known =
    [
        .. s_locked, AllowServiceExternalIPs, ComponentFlagz, ComponentStatusz, LoggingAlphaOptions, "LoggingBetaOptions", "ContextualLogging", "NativeHistograms",
    ];

    /// <summary>Whether a gate cannot be switched off.</summary>
    public static bool IsLocked(string name) => s_locked.Contains(name, StringComparer.Ordinal);

    /// <summary>Whether a gate is one of spec 11.10.</summary>
    public static bool IsKnown(string name) => s_known.Contains(name, StringComparer.Ordinal);

    /// <summary>Whether a gate is on; the last entry counts.</summary>
    public static bool IsEnabled(KubeProxyConfiguration configuration, string name, bool byDefault)
    {
        bool isEnabled = byDefault;
        foreach (KubeProxyConfiguration.FeatureGate gate in configuration.FeatureGates)
        {
            isEnabled = string.Equals(gate.Name, name, StringComparison.Ordinal) ? gate.IsEnabled : isEnabled;
        }

        return isEnabled;
    }
}
