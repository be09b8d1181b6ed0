using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>What all rules of one family on this node share.</summary>
public sealed record NodeSettings
{
    /// <summary>The family.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Name of this node; empty when unknown.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Zone of this node; empty when it has none.</summary>
    public string Zone { get; init; } = "";

    /// <summary>The node's own address of this family; loopback when unknown.</summary>
    public IpAddress NodeIP { get; init; }

    /// <summary>How pod traffic is recognised.</summary>
    public LocalTrafficDetector LocalTraffic { get; init; } = LocalTrafficDetector.None;

    /// <summary>The packet mark that requests masquerading: one bit.</summary>
    public uint MasqueradeMark { get; init; } = 1u << 14;

    /// <summary>Whether all traffic to cluster IPs is masqueraded.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>The addresses that answer node ports.</summary>
    public required NodePortAddresses NodePortAddresses { get; init; }

    /// <summary>Whether node ports answer on 127.0.0.1; only ever true for IPv4 (spec 7.6).</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>Whether conntrack is liberal about TCP windows.</summary>
    public bool ConntrackTcpLiberal { get; init; }

    /// <summary>The ranges that cluster IPs are taken from, ordered.</summary>
    public EquatableArray<IpPrefix> ServiceCidrs { get; init; }

    /// <summary>Masquerading of what pods send out of the cluster; null if it is off or no rule is written.</summary>
    public EgressMasquerade? Egress { get; init; }

    /// <summary>Resolves configuration and node facts into the settings of one family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="proxy">The configuration.</param>
    /// <param name="node">The Node object, or null when it is not known.</param>
    /// <param name="interfaceAddresses">All addresses on the node's interfaces, of both families.</param>
    /// <param name="serviceCidrs">The cluster's ServiceCIDRs, of both families.</param>
    public static NodeSettings Resolve(
        IpFamily family,
        ProxySettings proxy,
        Node? node,
        EquatableArray<IpAddress> interfaceAddresses,
        EquatableArray<IpPrefix> serviceCidrs)
    {
        NodeAddresses nodeAddresses = NodeAddresses.Find(node, proxy.BindAddress);
        NodePortAddresses nodePortAddresses = NodePortAddresses.Resolve(family, proxy.NodePortAddresses, nodeAddresses, interfaceAddresses);
        LocalTrafficDetector localTraffic = FindDetector(family, proxy, node);
        return new NodeSettings
        {
            Family = family,
            NodeName = proxy.NodeName,
            Zone = node?.Zone ?? "",
            NodeIP = nodeAddresses[family],
            LocalTraffic = localTraffic,
            MasqueradeMark = 1u << proxy.MasqueradeBit,
            MasqueradeAll = proxy.MasqueradeAll,
            NodePortAddresses = nodePortAddresses,
            LocalhostNodePorts = proxy.LocalhostNodePorts && nodePortAddresses.ContainsIPv4Loopback,
            ConntrackTcpLiberal = proxy.ConntrackTcpLiberal,
            ServiceCidrs = OfFamily(family, serviceCidrs),
            Egress = EgressMasquerade.Resolve(family, proxy.Egress, localTraffic.IsPresent || node is null ? localTraffic : FirstPrefix(family, node.PodCidrs.AsSpan())),
        };
    }

    private static LocalTrafficDetector FindDetector(IpFamily family, ProxySettings proxy, Node? node) => proxy.DetectLocalMode switch
    {
        DetectLocalMode.BridgeInterface => new(LocalTrafficKind.Interface, default, proxy.BridgeInterface),
        DetectLocalMode.InterfaceNamePrefix => new(LocalTrafficKind.InterfacePrefix, default, proxy.InterfaceNamePrefix),
        DetectLocalMode.NodeCidr => FirstPrefix(family, node is null ? [] : node.PodCidrs.AsSpan()),
        _ => FirstPrefix(family, proxy.ClusterCidr.Split(',')),
    };

    private static LocalTrafficDetector FirstPrefix(IpFamily family, ReadOnlySpan<string> candidates)
    {
        foreach (string candidate in candidates)
        {
            if (IpPrefix.TryParse(candidate, out IpPrefix prefix) && prefix.Family == family)
            {
                return LocalTrafficDetector.ByPrefix(prefix);
            }
        }

        return LocalTrafficDetector.None;
    }

    private static EquatableArray<IpPrefix> OfFamily(IpFamily family, EquatableArray<IpPrefix> prefixes)
    {
        List<IpPrefix> matching = [];
        foreach (IpPrefix prefix in prefixes)
        {
            if (prefix.Family == family && !matching.Contains(prefix))
            {
                matching.Add(prefix);
            }
        }

        matching.Sort(static (left, right) =>
            left.Address.CompareTo(right.Address) is int byAddress && byAddress != 0 ? byAddress : left.Length.CompareTo(right.Length));
        return EquatableArray.CopyOf(matching);
    }
}
