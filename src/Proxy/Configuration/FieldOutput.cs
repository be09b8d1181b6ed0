using System.Globalization;
using KubeProxySharp.RuleModel.Collections;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Writes the fields of a configuration in kube-proxy's order, in some format.</summary>
/// <param name="output">The format.</param>
internal sealed class FieldOutput(IFieldWriter output) : IFieldVisitor
{
    /// <summary>Writes a configuration.</summary>
    public static void Write(KubeProxyConfiguration configuration, IFieldWriter output) =>
        ConfigurationFields.Visit(WithoutOtherModes(configuration), new FieldOutput(output));

    /// <inheritdoc/>
    public void Constant(string name, string value) => output.Text(name, value);

    /// <inheritdoc/>
    public T Section<T>(string name, T value, Func<T, IFieldVisitor, T> visit)
    {
        output.BeginSection(name);
        visit(value, this);
        output.EndSection();
        return value;
    }

    /// <inheritdoc/>
    public string Text(string name, string value, string flag = "", bool emptyIsDefault = false)
    {
        output.Text(name, value);
        return value;
    }

    /// <inheritdoc/>
    public int Number(string name, int value, string flag = "", bool zeroIsDefault = false)
    {
        output.Number(name, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    /// <inheritdoc/>
    public float Decimal(string name, float value, string flag = "", bool zeroIsDefault = false)
    {
        output.Number(name, value.ToString("R", CultureInfo.InvariantCulture));
        return value;
    }

    /// <inheritdoc/>
    public bool Switch(string name, bool value, string flag = "", bool isWrittenWhenFalse = true)
    {
        if (value || isWrittenWhenFalse)
        {
            output.Flag(name, value);
        }

        return value;
    }

    /// <inheritdoc/>
    public TimeSpan Duration(string name, TimeSpan value, string flag = "", bool zeroIsDefault = false)
    {
        output.Text(name, GoDuration.Format(value));
        return value;
    }

    /// <inheritdoc/>
    public TimeSpan DurationOrNanoseconds(string name, TimeSpan value, string flag = "") => Duration(name, value);

    /// <inheritdoc/>
    public string Quantity(string name, string value, string flag = "") => Text(name, value);

    /// <inheritdoc/>
    public EquatableArray<string> Texts(string name, EquatableArray<string> values, string flag = "")
    {
        output.Texts(name, values.AsSpan());
        return values;
    }

    /// <inheritdoc/>
    public EquatableArray<FeatureGate> Gates(string name, EquatableArray<FeatureGate> values, string flag = "")
    {
        SortedDictionary<string, bool> gates = new(StringComparer.Ordinal);
        foreach (FeatureGate gate in values)
        {
            gates[gate.Name] = gate.IsEnabled;
        }

        if (gates.Count == 0)
        {
            return values;
        }

        output.BeginSection(name);
        foreach ((string gate, bool isEnabled) in gates)
        {
            output.Flag(gate, isEnabled);
        }

        output.EndSection();
        return values;
    }

    /// <inheritdoc/>
    public EquatableArray<VerbosityRule> VerbosityRules(string name, EquatableArray<VerbosityRule> values, string flag = "")
    {
        if (values.IsEmpty)
        {
            return values;
        }

        output.BeginList(name);
        foreach (VerbosityRule rule in values)
        {
            output.BeginSection("");
            Text("filePattern", rule.FilePattern);
            Number("verbosity", rule.Verbosity);
            output.EndSection();
        }

        output.EndList();
        return values;
    }

    /// <summary>Only the section of the mode has its sync periods and masqueradeAll (spec 11.4); sections of other modes show 0s.</summary>
    private static KubeProxyConfiguration WithoutOtherModes(KubeProxyConfiguration value)
    {
        bool isNftables = value.Mode is ProxyMode.Nftables;
        bool isIpvs = value.Mode is ProxyMode.Ipvs;
        return value with
        {
            Iptables = isNftables ? value.Iptables with { MasqueradeAll = false, MinSyncPeriod = default, SyncPeriod = default }
                : isIpvs ? value.Iptables with { MinSyncPeriod = default, SyncPeriod = default }
                : value.Iptables,
            Ipvs = isIpvs ? value.Ipvs : value.Ipvs with { MinSyncPeriod = default, SyncPeriod = default },
            Nftables = isNftables ? value.Nftables : value.Nftables with { MasqueradeAll = false, MinSyncPeriod = default, SyncPeriod = default },
        };
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
