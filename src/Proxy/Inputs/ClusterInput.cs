using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Inputs;

/// <summary>Makes the rule model of one node from manifests, as the agent would make it from the API.</summary>
/// <param name="objects">The objects.</param>
/// <param name="configuration">A valid configuration.</param>
/// <param name="mode">The mode that rules are made for.</param>
internal sealed class ClusterInput(ManifestObjects objects, KubeProxyConfiguration configuration, string mode)
{
    /// <summary>
    /// The name of the node: the given one, else hostnameOverride, else that of the only Node; empty if there is no Node
    /// at all.
    /// </summary>
    /// <exception cref="InputException">There are several Nodes to choose from, or a given name is blank.</exception>
    public string FindNodeName(string? given)
    {
        string? chosen = given ?? (configuration.HostnameOverride.Length == 0 ? null : configuration.HostnameOverride);
        if (chosen is not null)
        {
            // Spec 11.9.
            string name = chosen.Trim().ToLowerInvariant();
            return name.Length != 0 ? name : throw new InputException("the node name is empty; give --node NAME");
        }

        if (objects.Nodes.Count > 1)
        {
            IEnumerable<string> names = objects.Nodes.Keys.Order(StringComparer.Ordinal).Take(5);
            string more = objects.Nodes.Count > 5 ? ", ..." : "";
            throw new InputException($"the input has {objects.Nodes.Count} Nodes; choose one with --node: {string.Join(", ", names)}{more}");
        }

        return objects.Nodes.Keys.FirstOrDefault("");
    }

    /// <summary>Builds the model.</summary>
    /// <param name="nodeName">Name of the node.</param>
    /// <param name="interfaceAddresses">Addresses on the node's interfaces; null for loopback and the Node's status addresses.</param>
    /// <param name="problems">Receives what is wrong with objects.</param>
    public RuleModelSnapshot Build(string nodeName, IReadOnlyList<IpAddress>? interfaceAddresses, ICollection<Problem> problems)
    {
        ProxySettings settings = RuleSettings.From(configuration, mode, nodeName);
        Node? node = objects.Nodes.GetValueOrDefault(nodeName);
        EquatableArray<IpAddress> addresses = EquatableArray.Adopt<IpAddress>([.. interfaceAddresses ?? AddressesOf(node)]);
        ClusterState state = new(settings.AllowExternalIPs);
        foreach (Service service in objects.Services.Values)
        {
            state.Set(service, problems);
        }

        foreach (EndpointSlice slice in objects.EndpointSlices.Values)
        {
            state.Set(slice);
        }

        EquatableArray<IpPrefix> serviceCidrs = ServiceCidrs();
        return RuleModelBuilder.Build(
            state,
            NodeSettings.Resolve(IpFamily.IPv4, settings, node, addresses, serviceCidrs),
            NodeSettings.Resolve(IpFamily.IPv6, settings, node, addresses, serviceCidrs));
    }

    /// <summary>What a node surely has: loopback and the addresses that its Node object names.</summary>
    private static List<IpAddress> AddressesOf(Node? node)
    {
        List<IpAddress> addresses = [IpAddress.Parse("127.0.0.1"), IpAddress.Parse("::1")];
        foreach (NodeAddress candidate in node is null ? [] : node.Addresses.AsSpan())
        {
            if (candidate.Type is "InternalIP" or "ExternalIP" && IpAddress.TryParse(candidate.Address, out IpAddress address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }

    private EquatableArray<IpPrefix> ServiceCidrs()
    {
        List<IpPrefix> prefixes = [];
        foreach (ServiceCidr cidr in objects.ServiceCidrs.Values)
        {
            foreach (string text in cidr.Cidrs)
            {
                if (IpPrefix.TryParse(text, out IpPrefix prefix))
                {
                    prefixes.Add(prefix);
                }
            }
        }

        return EquatableArray.CopyOf(prefixes);
    }
}
