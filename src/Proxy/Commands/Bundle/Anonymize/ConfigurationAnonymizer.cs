using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Replaces names and addresses in configurations, field by field; remarks in the files are left out.</summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
internal sealed class ConfigurationAnonymizer(NameMap names, AddressText addresses)
{
    /// <summary>Reads a KubeProxyConfiguration; null if it cannot be read.</summary>
    public static KubeProxyConfiguration? Read(byte[] text)
    {
        try
        {
            using MemoryStream content = new(text);
            return ConfigurationReader.Read(content).Value;
        }
        catch (Exception e) when (e is ConfigurationException or DocumentException)
        {
            return null;
        }
    }

    /// <summary>Learns the beginnings of interface names.</summary>
    public void Learn(KubeProxyConfiguration configuration) => names.AddInterfacePrefix(configuration.DetectLocal.InterfaceNamePrefix);

    /// <summary>Replaces in a KubeProxyConfiguration.</summary>
    public byte[] Map(KubeProxyConfiguration configuration) => Encoding.UTF8.GetBytes(ConfigurationWriter.ToYaml(configuration with
    {
        ClientConnection = new(),
        HostnameOverride = names.Node(configuration.HostnameOverride),
        BindAddress = Text(configuration.BindAddress),
        HealthzBindAddress = Text(configuration.HealthzBindAddress),
        MetricsBindAddress = Text(configuration.MetricsBindAddress),
        ClusterCidr = string.Join(',', configuration.ClusterCidrs.Select(Text)),
        NodePortAddresses = Each(configuration.NodePortAddresses),
        DetectLocal = new()
        {
            BridgeInterface = names.Interface(configuration.DetectLocal.BridgeInterface),
            InterfaceNamePrefix = names.InterfacePrefix(configuration.DetectLocal.InterfaceNamePrefix),
        },
        Ipvs = configuration.Ipvs with { ExcludeCidrs = Each(configuration.Ipvs.ExcludeCidrs) },
        Winkernel = new(),
        Logging = new(),
    }));

    /// <summary>Replaces in the configuration of egress masquerade; null if it cannot be read.</summary>
    public byte[]? MapEgress(byte[] text)
    {
        try
        {
            EgressConfiguration read = EgressConfiguration.Read(text, "");
            StringBuilder yaml = new("nonMasqueradeCIDRs:\n");
            foreach (IpPrefix prefix in read.Policy.NonMasqueradeCidrs)
            {
                yaml.Append(CultureInfo.InvariantCulture, $"- {addresses.Addresses.Map(prefix)}\n");
            }

            yaml.Append(CultureInfo.InvariantCulture, $"masqLinkLocal: {(read.Policy.MasqueradesLinkLocal ? "true" : "false")}\nmasqLinkLocalIPv6: {(read.Policy.MasqueradesLinkLocalIPv6 ? "true" : "false")}\n");
            yaml.Append(CultureInfo.InvariantCulture, $"cidrLimit: {Math.Max(64, read.Policy.NonMasqueradeCidrs.Length)}\n");
            return Encoding.UTF8.GetBytes(yaml.ToString());
        }
        catch (ConfigurationException)
        {
            return null;
        }
    }

    private EquatableArray<string> Each(EquatableArray<string> texts) => texts.IsEmpty ? texts : EquatableArray.Adopt<string>([.. texts.AsSpan().ToArray().Select(Text)]);

    private string Text(string text) => addresses.Map(text) ?? (text is "" or "primary" ? text : names.Word(text));
}
