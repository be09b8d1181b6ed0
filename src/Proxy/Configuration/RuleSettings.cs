using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>The way from the configuration file to what rules follow from.</summary>
internal static class RuleSettings
{
    /// <summary>Picks out the settings of a mode and fills in what depends on the mode (spec 11.4, 11.6).</summary>
    /// <param name="configuration">A valid configuration.</param>
    /// <param name="mode">The mode that rules are made for.</param>
    /// <param name="nodeName">Name of this node; empty when unknown.</param>
    public static ProxySettings From(KubeProxyConfiguration configuration, string mode, string nodeName)
    {
        bool isNftables = mode is ProxyMode.Nftables;
        EquatableArray<string> nodePortAddresses = configuration.NodePortAddresses;
        if (isNftables && nodePortAddresses.IsEmpty)
        {
            nodePortAddresses = [ProxySettings.PrimaryAddresses];
        }

        return new ProxySettings
        {
            NodeName = nodeName,
            DetectLocalMode = configuration.EffectiveDetectLocalMode switch
            {
                "NodeCIDR" => DetectLocalMode.NodeCidr,
                "BridgeInterface" => DetectLocalMode.BridgeInterface,
                "InterfaceNamePrefix" => DetectLocalMode.InterfaceNamePrefix,
                _ => DetectLocalMode.ClusterCidr,
            },
            ClusterCidr = configuration.ClusterCidr,
            BridgeInterface = configuration.DetectLocal.BridgeInterface,
            InterfaceNamePrefix = configuration.DetectLocal.InterfaceNamePrefix,
            MasqueradeBit = isNftables ? configuration.Nftables.MasqueradeBit : configuration.Iptables.MasqueradeBit,
            MasqueradeAll = isNftables ? configuration.Nftables.MasqueradeAll : configuration.Iptables.MasqueradeAll,
            NodePortAddresses = nodePortAddresses,
            LocalhostNodePorts = !isNftables && configuration.Iptables.LocalhostNodePorts,
            ConntrackTcpLiberal = configuration.Conntrack.TcpBeLiberal,
            BindAddress = configuration.BindAddress,
            AllowExternalIPs = FeatureGates.IsEnabled(configuration, FeatureGates.AllowServiceExternalIPs, byDefault: true),
        };
    }
}
