using System.Buffers;
using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>kube-proxy's validation of a configuration, with its paths and messages (spec 11.8).</summary>
internal sealed partial class ConfigurationValidator
{
    private const string Root = "KubeProxyConfiguration.";
    private const string NotNegative = "must be greater than or equal to 0";
    private const string PreviousMinor = "1.35";

    private static readonly string[] s_detectLocalModes = ["", "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"];

    private static readonly SearchValues<char> s_notInInterfaceNames = SearchValues.Create("\"'\\/+!*");

    private readonly KubeProxyConfiguration _configuration;
    private readonly List<string> _errors = [];

    private ConfigurationValidator(KubeProxyConfiguration configuration) => _configuration = configuration;

    /// <summary>All that is wrong, one text per fault; empty for a valid configuration.</summary>
    public static IReadOnlyList<string> Validate(KubeProxyConfiguration configuration)
    {
        ConfigurationValidator validator = new(configuration);
        validator.CheckGates();
        validator.CheckModes();
        validator.CheckPeriods();
        validator.CheckConntrack();
        validator.CheckAddresses();
        validator.CheckNodePortAddresses();
        validator.CheckDetectLocal();
        validator.CheckLogging();
        return validator._errors;
    }

    /// <summary>Several faults in one text, as kube-proxy joins them.</summary>
    public static string Join(IReadOnlyList<string> errors) => errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]";

    /// <summary>Throws when anything is wrong.</summary>
    /// <exception cref="ConfigurationException">The faults, joined as kube-proxy joins them.</exception>
    public static void ThrowIfInvalid(KubeProxyConfiguration configuration)
    {
        IReadOnlyList<string> errors = Validate(configuration);
        if (errors.Count != 0)
        {
            throw new ConfigurationException("failed validate: " + Join(errors));
        }
    }

    private void CheckGates()
    {
        foreach (KubeProxyConfiguration.FeatureGate gate in _configuration.FeatureGates)
        {
            if (FeatureGates.Objection(gate) is { } objection)
            {
                Invalid("featureGates", gate.Name, objection);
            }
        }
    }

    private void CheckModes()
    {
        if (_configuration.Mode is not ("" or ProxyMode.Iptables or ProxyMode.Nftables or ProxyMode.Ipvs))
        {
            Invalid("Mode.ProxyMode", _configuration.Mode, "must be iptables, ipvs, nftables or blank (blank means the best-available proxy [currently iptables])");
        }

        InRange("KubeProxyIPTablesConfiguration.MasqueradeBit", _configuration.Iptables.MasqueradeBit, 0, 31);
        if (_configuration.Mode is ProxyMode.Nftables)
        {
            InRange("KubeProxyNFTablesConfiguration.MasqueradeBit", _configuration.Nftables.MasqueradeBit, 0, 31);
        }

        if (_configuration.Mode is ProxyMode.Ipvs)
        {
            CheckIpvs(_configuration.Ipvs);
        }

        InRange("KubeProxyLinuxConfiguration.OOMScoreAdj", _configuration.OomScoreAdj, -1000, 1000);
        if (_configuration.ClientConnection.Burst < 0)
        {
            Invalid("ClientConnection.Burst", _configuration.ClientConnection.Burst, NotNegative);
        }

        if (_configuration.ShowHiddenMetricsForVersion is not ("" or PreviousMinor))
        {
            Invalid("ShowHiddenMetricsForVersion", _configuration.ShowHiddenMetricsForVersion, $"previous minor version is {PreviousMinor}; it is the only one whose hidden metrics can be shown");
        }
    }

    private void CheckIpvs(KubeProxyConfiguration.IpvsConfiguration ipvs)
    {
        const string Section = "KubeProxyIPVSConfiguration.";
        NotBelowZero(Section + "TCPTimeout", ipvs.TcpTimeout);
        NotBelowZero(Section + "TCPFinTimeout", ipvs.TcpFinTimeout);
        NotBelowZero(Section + "UDPTimeout", ipvs.UdpTimeout);
        for (int index = 0; index < ipvs.ExcludeCidrs.Length; index++)
        {
            if (!IpPrefix.TryParse(ipvs.ExcludeCidrs[index], out _))
            {
                Invalid($"{Section}ExcludeCidrs[{index}]", ipvs.ExcludeCidrs[index], "must be a valid CIDR");
            }
        }
    }

    private void CheckPeriods()
    {
        if (_configuration.ConfigSyncPeriod <= TimeSpan.Zero)
        {
            Invalid("ConfigSyncPeriod", GoDuration.Format(_configuration.ConfigSyncPeriod), "must be greater than 0");
        }

        (TimeSpan syncPeriod, TimeSpan minSyncPeriod) = SyncPeriods.Of(_configuration);
        if (syncPeriod <= TimeSpan.Zero)
        {
            Invalid("SyncPeriod", GoDuration.Format(syncPeriod), "must be greater than 0");
        }

        NotBelowZero("MinSyncPeriod", minSyncPeriod);
        if (minSyncPeriod > syncPeriod)
        {
            Invalid("SyncPeriod", GoDuration.Format(minSyncPeriod), $"must be greater than or equal to {Root}MinSyncPeriod");
        }
    }

    private void CheckConntrack()
    {
        const string Section = "KubeProxyLinuxConfiguration.KubeProxyConntrackConfiguration.";
        KubeProxyConfiguration.ConntrackConfiguration conntrack = _configuration.Conntrack;
        NotBelowZero(Section + "MaxPerCore", conntrack.MaxPerCore);
        NotBelowZero(Section + "Min", conntrack.Min);
        NotBelowZero(Section + "TCPEstablishedTimeout", conntrack.TcpEstablishedTimeout);
        NotBelowZero(Section + "TCPCloseWaitTimeout", conntrack.TcpCloseWaitTimeout);
        NotBelowZero(Section + "UDPTimeout", conntrack.UdpTimeout);
        NotBelowZero(Section + "UDPStreamTimeout", conntrack.UdpStreamTimeout);
    }

    private void CheckAddresses()
    {
        if (!IpAddress.TryParse(_configuration.BindAddress, out _))
        {
            Invalid("BindAddress", _configuration.BindAddress, "not a valid textual representation of an IP address");
        }

        if (_configuration.HealthzBindAddress.Length != 0)
        {
            CheckHostPort("HealthzBindAddress", _configuration.HealthzBindAddress);
        }

        CheckHostPort("MetricsBindAddress", _configuration.MetricsBindAddress);
    }

    private void CheckHostPort(string field, string value)
    {
        if (!HostPort.TrySplit(value, out string host, out string port))
        {
            Invalid(field, value, "must be IP:port");
            return;
        }

        if (!IpAddress.TryParse(host, out _))
        {
            Invalid(field, host, "must be a valid IP");
        }

        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > ushort.MaxValue)
        {
            Invalid(field, port, "must be a valid port");
        }
    }

    private void CheckNodePortAddresses()
    {
        for (int index = 0; index < _configuration.NodePortAddresses.Length; index++)
        {
            string text = _configuration.NodePortAddresses[index];
            if (text is ProxySettings.PrimaryAddresses)
            {
                if (_configuration.NodePortAddresses.Length > 1)
                {
                    Invalid($"NodePortAddresses[{index}]", text, "can't use both 'primary' and CIDRs");
                }
            }
            else if (!IpPrefix.TryParse(text, out _))
            {
                Invalid($"NodePortAddresses[{index}]", text, "must be a valid CIDR");
            }
        }
    }

    private void CheckDetectLocal()
    {
        if (!s_detectLocalModes.Contains(_configuration.DetectLocalMode, StringComparer.Ordinal))
        {
            _errors.Add($"{Root}DetectLocalMode: Unsupported value: \"{_configuration.DetectLocalMode}\": supported values: \"{string.Join("\", \"", s_detectLocalModes[1..])}\"");
        }

        string mode = _configuration.EffectiveDetectLocalMode;
        if (mode is "BridgeInterface")
        {
            CheckInterface("DetectLocalConfiguration.InterfaceName", _configuration.DetectLocal.BridgeInterface);
        }
        else if (mode is "InterfaceNamePrefix")
        {
            CheckInterface("DetectLocalConfiguration.InterfacePrefix", _configuration.DetectLocal.InterfaceNamePrefix);
        }
        else if (mode is "ClusterCIDR")
        {
            CheckClusterCidrs(_configuration.ClusterCidrs);
        }
    }

    /// <summary>
    /// kube-proxy checks only that there is a name. One that the kernel cannot have, or that would end the word in the
    /// rule text, is refused here rather than by iptables at every sync (docs/differences.md).
    /// </summary>
    private void CheckInterface(string field, string name)
    {
        if (name.Length == 0)
        {
            Invalid(field, name, "must not be empty");
        }
        else if (name.Length > 15 || name.AsSpan().ContainsAny(s_notInInterfaceNames) || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            Invalid(field, name, "must be an interface name: at most 15 characters, no blanks, quotes, slashes, '+', '*' or '!'");
        }
    }

    private void CheckClusterCidrs(string[] cidrs)
    {
        const string Field = "DetectLocalConfiguration.ClusterCIDRs";
        bool isEveryValid = true;
        for (int index = 0; index < cidrs.Length; index++)
        {
            if (!IpPrefix.TryParse(cidrs[index], out _))
            {
                Invalid($"{Field}[{index}]", cidrs[index], "must be a valid CIDR block (e.g. 10.100.0.0/16 or fde4:8dba:82e1::/48)");
                isEveryValid = false;
            }
        }

        bool isPair = isEveryValid && cidrs.Length == 2 && IpPrefix.Parse(cidrs[0]).Family != IpPrefix.Parse(cidrs[1]).Family;
        if (cidrs.Length > 1 && isEveryValid && !isPair)
        {
            Invalid(Field, _configuration.ClusterCidr, "must be one CIDR, or an IPv4 and an IPv6 CIDR");
        }
    }

    private void InRange(string field, int value, int lowest, int highest)
    {
        if (value < lowest || value > highest)
        {
            Invalid(field, value, $"must be within the range [{lowest}, {highest}]");
        }
    }

    private void NotBelowZero(string field, int value)
    {
        if (value < 0)
        {
            Invalid(field, value, NotNegative);
        }
    }

    private void NotBelowZero(string field, TimeSpan value)
    {
        if (value < TimeSpan.Zero)
        {
            Invalid(field, GoDuration.Format(value), NotNegative);
        }
    }

    private void Invalid(string field, int value, string message) => _errors.Add($"{Root}{field}: Invalid value: {value}: {message}");

    private void Invalid(string field, string value, string message) => _errors.Add($"{Root}{field}: Invalid value: \"{value}\": {message}");
}
