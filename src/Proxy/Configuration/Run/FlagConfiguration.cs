using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration.Run;

/// <summary>
/// The configuration from flags alone, and the flags that override a file (spec 11.3 to 11.5). A field has the value of its flag
/// where that is given; flags have the same defaults as fields.
/// </summary>
internal sealed class FlagConfiguration : IFieldVisitor
{
    private readonly FlagSet _flags;

    private FlagConfiguration(FlagSet flags) => _flags = flags;

    /// <summary>The configuration when there is no file.</summary>
    public static KubeProxyConfiguration From(KubeProxyFlags flags)
    {
        KubeProxyConfiguration given = ConfigurationFields.Visit(new KubeProxyConfiguration(), new FlagConfiguration(flags.Set));
        return OnlyItsMode(given, flags) with
        {
            HealthzBindAddress = WithPort(given.HealthzBindAddress, flags.HealthzPort.Value, flags),
            MetricsBindAddress = WithPort(given.MetricsBindAddress, flags.MetricsPort.Value, flags),
        };
    }

    /// <summary>Logging flags win over a file, each on its own; patterns of --vmodule come before those of the file (spec 11.5).</summary>
    public static LoggingConfiguration Override(LoggingConfiguration logging, KubeProxyFlags flags) =>
        ConfigurationFields.Visit(logging, new FlagConfiguration(flags.Set));

    /// <inheritdoc/>
    public void Constant(string name, string value)
    {
        // No flag sets it.
    }

    /// <inheritdoc/>
    public T Section<T>(string name, T value, Func<T, IFieldVisitor, T> visit) => visit(value, this);

    /// <inheritdoc/>
    public string Text(string name, string value, string flag = "", bool emptyIsDefault = false) => Given(flag, value);

    /// <inheritdoc/>
    public int Number(string name, int value, string flag = "", bool zeroIsDefault = false) => Given(flag, value);

    /// <inheritdoc/>
    public float Decimal(string name, float value, string flag = "", bool zeroIsDefault = false) => Given(flag, value);

    /// <inheritdoc/>
    public bool Switch(string name, bool value, string flag = "", bool isWrittenWhenFalse = true) => Given(flag, value);

    /// <inheritdoc/>
    public TimeSpan Duration(string name, TimeSpan value, string flag = "", bool zeroIsDefault = false) => Given(flag, value);

    /// <inheritdoc/>
    public TimeSpan DurationOrNanoseconds(string name, TimeSpan value, string flag = "") => Given(flag, value);

    /// <inheritdoc/>
    public string Quantity(string name, string value, string flag = "") => Given(flag, value);

    /// <inheritdoc/>
    public EquatableArray<string> Texts(string name, EquatableArray<string> values, string flag = "") => GivenList(flag, values);

    /// <inheritdoc/>
    public EquatableArray<FeatureGate> Gates(string name, EquatableArray<FeatureGate> values, string flag = "") => GivenList(flag, values);

    /// <inheritdoc/>
    public EquatableArray<VerbosityRule> VerbosityRules(string name, EquatableArray<VerbosityRule> values, string flag = "") =>
        [.. GivenList(flag, default(EquatableArray<VerbosityRule>)), .. values.AsSpan()];

    private T Given<T>(string flag, T value)
        where T : notnull =>
        flag.Length != 0 && (TypedFlag<T>)_flags[flag] is { IsGiven: true } found ? found.Value : value;

    private EquatableArray<T> GivenList<T>(string flag, EquatableArray<T> values) =>
        flag.Length != 0 && (TypedFlag<T[]>)_flags[flag] is { IsGiven: true } found ? [.. found.Value] : values;

    /// <summary>
    /// Flags that several modes share set the section of the mode alone. The periods of ipvs default to those of iptables,
    /// including the minimum period, as in kube-proxy (spec 11.4).
    /// </summary>
    private static KubeProxyConfiguration OnlyItsMode(KubeProxyConfiguration given, KubeProxyFlags flags)
    {
        KubeProxyConfiguration defaults = new();
        bool isNftables = given.Mode is ProxyMode.Nftables;
        bool isIpvs = given.Mode is ProxyMode.Ipvs;
        return given with
        {
            Iptables = isNftables || isIpvs
                ? given.Iptables with
                {
                    MasqueradeAll = isIpvs && given.Iptables.MasqueradeAll,
                    SyncPeriod = defaults.Iptables.SyncPeriod,
                    MinSyncPeriod = defaults.Iptables.MinSyncPeriod,
                }
                : given.Iptables,
            Nftables = isNftables ? given.Nftables : defaults.Nftables,
            Ipvs = isIpvs
                ? given.Ipvs with { SyncPeriod = flags.IpvsSyncPeriod.Value, MinSyncPeriod = flags.IpvsMinSyncPeriod.Value }
                : given.Ipvs with { SyncPeriod = defaults.Ipvs.SyncPeriod, MinSyncPeriod = defaults.Ipvs.MinSyncPeriod },
        };
    }

    /// <summary>
    /// Port 0 switches a server off, and another one is added to a bare address. The deprecated flags are not looked at
    /// when the configuration is only written (spec 11.3).
    /// </summary>
    private static string WithPort(string address, int port, KubeProxyFlags flags) =>
        flags.WriteConfigTo.Value.Length != 0 ? address
        : port == 0 ? ""
        : HostPort.AddPort(address, port);
}
