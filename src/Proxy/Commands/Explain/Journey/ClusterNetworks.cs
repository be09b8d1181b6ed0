using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>The interfaces and routes of nodes, as far as they are known, and which node has an address.</summary>
/// <param name="networks">Interfaces and routes by node.</param>
/// <param name="nodeName">The node that is asked about.</param>
/// <param name="cluster">The cluster; null without manifests.</param>
internal sealed class ClusterNetworks(IReadOnlyDictionary<string, NodeNetwork> networks, string nodeName, ClusterView? cluster)
{
    private Dictionary<IpAddress, string>? _owners;

    /// <summary>The node that is asked about; empty if it has no name.</summary>
    public string NodeName => nodeName;

    /// <summary>Its interfaces and routes; null if they are not known.</summary>
    public NodeNetwork? Here => networks.GetValueOrDefault(nodeName);

    /// <summary>Those of a node; null if they are not known.</summary>
    public NodeNetwork? Of(string node) => networks.GetValueOrDefault(node);

    /// <summary>The same, as another node is asked about.</summary>
    /// <param name="node">The node.</param>
    /// <param name="view">The cluster as it sees it.</param>
    public ClusterNetworks SeenFrom(string node, ClusterView view) => new(networks, node, view);

    /// <summary>How a node is called in a sentence.</summary>
    public static string Called(string node) => node.Length == 0 ? "the node" : node;

    /// <summary>The addresses of a node: those of its interfaces and of its Node object.</summary>
    public IReadOnlyList<IpAddress> AddressesOf(string node) =>
    [
        .. (Of(node)?.Addresses ?? [])
            .Concat(cluster is null || node.Length == 0 ? [] : cluster.Input().AddressesOf(node))
            .Concat(cluster is not null && node == nodeName ? cluster.NodeAddresses : [])
            .Distinct(),
    ];

    /// <summary>The node that has an address; null if none is known to have it.</summary>
    public string? NodeWith(IpAddress address) => address.IsLoopback ? null : (_owners ??= FindOwners()).GetValueOrDefault(address);

    /// <summary>The address of a node that tunnels to it use: that of its own tunnel, else the internal address of its Node.</summary>
    public IpAddress? TunnelAddressOf(string node, string tunnel, IpFamily family)
    {
        NodeInterface? own = Of(node)?.Interfaces.FirstOrDefault(each => each.Tunnel == tunnel && each.TunnelLocal is not null);
        if (own is not null)
        {
            return own.TunnelLocal;
        }

        foreach (NodeAddress address in cluster?.Objects.Nodes.GetValueOrDefault(node) is { } known ? known.Addresses.AsSpan() : default)
        {
            if (address.Type == "InternalIP" && IpAddress.TryParse(address.Address, out IpAddress internalAddress) && internalAddress.Family == family)
            {
                return internalAddress;
            }
        }

        return null;
    }

    /// <summary>Of an address that several nodes have, such as one of a bridge, the node that is asked about, else the first.</summary>
    private Dictionary<IpAddress, string> FindOwners()
    {
        Dictionary<IpAddress, string> owners = [];
        IEnumerable<string> nodes = networks.Keys.Concat(cluster is null ? [] : cluster.Objects.Nodes.Keys);
        foreach (string node in nodes.Prepend(nodeName).Distinct(StringComparer.Ordinal))
        {
            foreach (IpAddress address in AddressesOf(node))
            {
                owners.TryAdd(address, node);
            }
        }

        return owners;
    }
}
