using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Flows;

/// <summary>The rules of a family without Services: what stands in for a family that is not synced.</summary>
internal static class NoPendingRules
{
    /// <summary>Makes them.</summary>
    public static FamilyRules Of(NodeSettings settings)
    {
        NodeSettings ipv4 = settings with { Family = IpFamily.IPv4 };
        NodeSettings ipv6 = settings with { Family = IpFamily.IPv6 };
        return new RuleModelBuilder(new ClusterState(allowExternalIPs: true), ipv4, ipv6).Current[settings.Family];
    }
}
