using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Feature gates of a configuration. Only those of spec 11.10 have an effect; other gates of Kubernetes are accepted.</summary>
internal static partial class FeatureGates
{
    public const string AllowServiceExternalIPs = "AllowServiceExternalIPs";

    /// <summary>Whether options of logging that are in an early stage may be used.</summary>
    public const string LoggingAlphaOptions = "LoggingAlphaOptions";

    /// <summary>Whether the metrics server shows flags.</summary>
    public const string ComponentFlagz = "ComponentFlagz";

    /// <summary>Whether the metrics server shows a status page.</summary>
    public const string ComponentStatusz = "ComponentStatusz";

    /// <summary>The gates of spec 11.10: name, stage, whether it is on by default, and whether that cannot be changed.</summary>
    public static IReadOnlyList<(string Name, string Stage, bool IsDefault, bool IsLocked)> Known { get; } =
    [
        (AllowServiceExternalIPs, "", true, false),
        (ComponentFlagz, "BETA", true, false),
        (ComponentStatusz, "BETA", true, false),
        ("ContextualLogging", "BETA", true, false),
        (LoggingAlphaOptions, "ALPHA", false, false),
        ("LoggingBetaOptions", "BETA", true, false),
        ("MultiCIDRServiceAllocator", "", true, true),
        ("NFTablesProxyMode", "", true, true),
        ("NativeHistograms", "ALPHA", false, false),
        ("PreferSameTrafficDistribution", "", true, true),
    ];

    /// <summary>Whether a gate cannot be switched off.</summary>
    public static bool IsLocked(string name) => Known.Any(gate => gate.IsLocked && string.Equals(gate.Name, name, StringComparison.Ordinal));

    /// <summary>Whether a gate is one of spec 11.10.</summary>
    public static bool IsKnown(string name) => Known.Any(gate => string.Equals(gate.Name, name, StringComparison.Ordinal));

    /// <summary>Why a gate cannot be set, as kube-proxy words it, with a suggestion for a mistyped name; null if it can.</summary>
    public static string? Objection(KubeProxyConfiguration.FeatureGate gate)
    {
        if (!IsKnown(gate.Name) && !s_others.Contains(gate.Name))
        {
            return $"unrecognized feature gate: {gate.Name}{Suggestion(gate.Name)}";
        }

        return !gate.IsEnabled && IsLocked(gate.Name) ? $"cannot set feature gate {gate.Name} to false, feature is locked to true" : null;
    }

    private static string Suggestion(string name)
    {
        (string nearest, int distance) = Known.Select(static gate => gate.Name).Concat(s_others)
            .Select(known => (known, EditDistance.Between(known.ToUpperInvariant(), name.ToUpperInvariant())))
            .MinBy(static pair => pair.Item2);
        return distance <= Math.Max(2, name.Length / 4) ? $" (did you mean {nearest}?)" : "";
    }

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
