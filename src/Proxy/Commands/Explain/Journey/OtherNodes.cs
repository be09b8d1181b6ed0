using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>The rules of other nodes, made from the manifests when a packet comes to a node for the first time.</summary>
/// <param name="cluster">The cluster; null without manifests, and the rules of other nodes are not known then.</param>
/// <param name="nodes">Interfaces and routes.</param>
/// <param name="mode">The mode.</param>
internal sealed class OtherNodes(ClusterView? cluster, ClusterNetworks nodes, string mode)
{
    private readonly Dictionary<(string Node, IpFamily Family), PacketWalker?> _walkers = [];

    /// <summary>Walks packets through the rules of a node; null if they are not known.</summary>
    public PacketWalker? WalkerOf(string node, IpFamily family)
    {
        if (!_walkers.TryGetValue((node, family), out PacketWalker? walker))
        {
            walker = Make(node, family);
            _walkers.Add((node, family), walker);
        }

        return walker;
    }

    private PacketWalker? Make(string node, IpFamily family)
    {
        IReadOnlyList<IpAddress> addresses = nodes.AddressesOf(node);
        if (cluster is null || addresses.All(static address => address.IsLoopback))
        {
            return null;
        }

        Ruleset rules = RenderedRules.Of(cluster.Input(mode).Build(node, addresses, [])[family], mode);
        return new(rules, new NodeView(addresses) { Network = nodes.Of(node) });
    }
}
