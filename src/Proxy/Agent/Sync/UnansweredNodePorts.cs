using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Finds out that node ports answer nowhere: <c>nodePortAddresses</c> matches none of the node's addresses.</summary>
internal static class UnansweredNodePorts
{
    /// <summary>A node may have hundreds of addresses; so many say enough.</summary>
    private const int MostShown = 20;

    /// <summary>Says so for a family, with the addresses that were looked at; null when node ports answer somewhere.</summary>
    /// <param name="family">The settings of the family.</param>
    /// <param name="proxy">The configuration.</param>
    /// <param name="nodeAddresses">The addresses of the Node object.</param>
    /// <param name="interfaceAddresses">The addresses on the interfaces.</param>
    public static string? Describe(NodeSettings family, ProxySettings proxy, EquatableArray<NodeAddress> nodeAddresses, EquatableArray<IpAddress> interfaceAddresses)
    {
        if (family.NodePortAddresses.MatchesAll || !family.NodePortAddresses.Addresses.IsEmpty)
        {
            return null;
        }

        NodeAddresses own = NodeAddresses.Find(new Node { Name = proxy.NodeName, Addresses = nodeAddresses }, proxy.BindAddress);
        string configured = string.Join(' ', NodePortAddresses.ExpandPrimary(proxy.NodePortAddresses, own).AsSpan().ToArray());
        return $"Node ports answer on no {family.Family} address: nodePortAddresses ({configured}) matches none of the addresses on the interfaces: {Show(family.Family, interfaceAddresses)}";
    }

    /// <summary>Without link-local ones, of which each pod that comes and goes has one: they would make it another text each time.</summary>
    private static string Show(IpFamily family, EquatableArray<IpAddress> addresses)
    {
        List<string> shown = [];
        int more = 0;
        foreach (IpAddress address in addresses)
        {
            if (address.Family != family || address.IsIPv6LinkLocal)
            {
                continue;
            }

            if (shown.Count < MostShown)
            {
                shown.Add(address.ToString());
            }
            else
            {
                more++;
            }
        }

        return shown.Count == 0 ? "none" : string.Join(' ', shown) + (more == 0 ? "" : $" and {more} more");
    }
}
