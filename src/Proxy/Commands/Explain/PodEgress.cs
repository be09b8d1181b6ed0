using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// A pod's packet to somewhere outside of the cluster. kube-proxy's rules leave it alone, but its source does not stay: that
/// is the work of the CNI plugin or of ip-masq-agent, whose rules manifests do not have.
/// </summary>
internal static class PodEgress
{
    /// <summary>The note.</summary>
    public const string Note =
        "the destination is outside of the cluster: source NAT for pods is done by the CNI plugin or ip-masq-agent, whose rules are not in the input; add them with --rules, as iptables-save or nft list ruleset print them on the node, or give --egress-masquerade if the agent does it";

    /// <summary>
    /// Whether the note belongs to an answer from the rules of manifests: not if these masquerade pods (--egress-masquerade), for
    /// then the destination is one to which pods keep their address, and the reasons say so.
    /// </summary>
    public static bool IsLeftToOthers(PacketQuestion question, ClusterView cluster, EndpointNames names, IReadOnlyList<ExplainedWalk> walks) =>
        IsPod(question.Source, cluster, names)
        && !question.IsFromNode
        && cluster.Model[question.Family].Settings.Egress is null
        && !IsInCluster(question.Destination, cluster, names)
        && walks.All(static walk => walk.Paths.All(static path => path is { Verdict: WalkVerdict.Accept, Target: null, IsMasqueraded: false }));

    private static bool IsPod(IpAddress address, ClusterView cluster, EndpointNames names) =>
        names.PodAt(address) is not null || names.NodeOf(address).Length != 0 || IsInPodCidr(address, cluster);

    private static bool IsInCluster(IpAddress address, ClusterView cluster, EndpointNames names) =>
        IsPod(address, cluster, names)
        || cluster.NodeAddresses.Contains(address)
        || cluster.Objects.Nodes.Values.Any(node => node.Addresses.AsSpan().ToArray().Any(entry => IpAddress.TryParse(entry.Address, out IpAddress own) && own == address))
        || cluster.Model[address.Family].Settings.ServiceCidrs.AsSpan().ToArray().Any(prefix => prefix.Contains(address));

    private static bool IsInPodCidr(IpAddress address, ClusterView cluster) =>
        cluster.Objects.Nodes.Values.SelectMany(static node => node.PodCidrs.AsSpan().ToArray())
            .Concat(cluster.Configuration.ClusterCidrs)
            .Any(text => IpPrefix.TryParse(text, out IpPrefix prefix) && prefix.Contains(address));
}
