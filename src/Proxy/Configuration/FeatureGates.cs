namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Feature gates of a configuration. Only those of spec 11.10 have an effect; all others are accepted.</summary>
internal static class FeatureGates
{
    public const string AllowServiceExternalIPs = "AllowServiceExternalIPs";

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
