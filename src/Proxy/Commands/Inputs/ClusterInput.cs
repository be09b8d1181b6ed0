using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Makes the rule model of one node from manifests, as the agent would make it from the API.</summary>
/// <param name="objects">The objects.</param>
/// <param name="configuration">A valid configuration.</param>
/// <param name="mode">The mode that rules are made for.</param>
internal sealed class ClusterInput(ManifestObjects objects, KubeProxyConfiguration configuration, string mode)
{
    /// <summary>What is masqueraded of what pods send out of the cluster; null for nothing.</summary>
    public EgressPolicy? Egress { get; init; }

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

    /// <summary>What to say of a node that the input does not have; null if it has it.</summary>
    public string? DescribeMissingNode(string nodeName) => objects.Nodes.ContainsKey(nodeName) ? null
        : nodeName.Length == 0 ? "note: the input has no Node; no endpoint is local and the node's addresses are unknown (give a Node, or --node and --node-address)"
        : $"warning: the input has no Node {nodeName}; its zone and addresses are unknown{Others()}";

    /// <summary>The addresses that any node has: loopback and those of its Node object.</summary>
    public IReadOnlyList<IpAddress> AddressesOf(string nodeName) => AddressesOf(objects.Nodes.GetValueOrDefault(nodeName));

    /// <summary>Builds the model.</summary>
    /// <param name="nodeName">Name of the node.</param>
    /// <param name="interfaceAddresses">Addresses on the node's interfaces; null for loopback and the Node's status addresses.</param>
    /// <param name="problems">Receives what is wrong with objects.</param>
    public RuleModelSnapshot Build(string nodeName, IReadOnlyList<IpAddress>? interfaceAddresses, ICollection<Problem> problems) =>
        BuildChange(new ManifestObjects(), nodeName, interfaceAddresses, problems).After;

    /// <summary>Builds the model of older objects, and brings it up to date as the agent would.</summary>
    /// <param name="before">The older objects.</param>
    /// <param name="nodeName">Name of the node.</param>
    /// <param name="interfaceAddresses">Addresses on the node's interfaces; null for loopback and the Node's status addresses.</param>
    /// <param name="problems">Receives what is wrong with objects.</param>
    public RuleModelChange BuildChange(
        ManifestObjects before,
        string nodeName,
        IReadOnlyList<IpAddress>? interfaceAddresses,
        ICollection<Problem> problems)
    {
        ProxySettings settings = RuleSettings.From(configuration, mode, nodeName) with { Egress = Egress };
        (NodeSettings ipv4, NodeSettings ipv6) = Resolve(before, settings, interfaceAddresses);
        ClusterState state = new(settings.AllowExternalIPs);
        RuleModelBuilder builder = new(state, ipv4, ipv6);
        Apply(new ManifestObjects(), before, state, problems);
        builder.Update(state.TakeChanges(), ipv4, ipv6);

        (ipv4, ipv6) = Resolve(objects, settings, interfaceAddresses);
        Apply(before, objects, state, problems);
        return builder.Update(state.TakeChanges(), ipv4, ipv6);
    }

    /// <summary>The Nodes that there are, for a name that was mistyped.</summary>
    private string Others() => objects.Nodes.Count == 0 ? "" : $" (it has {string.Join(", ", objects.Nodes.Keys.Order(StringComparer.Ordinal).Take(5))}{(objects.Nodes.Count > 5 ? ", ..." : "")})";

    private static void Apply(ManifestObjects before, ManifestObjects after, ClusterState state, ICollection<Problem> problems)
    {
        foreach (NamespacedName name in before.Services.Keys)
        {
            if (!after.Services.ContainsKey(name))
            {
                state.RemoveService(name);
            }
        }

        foreach (NamespacedName name in before.EndpointSlices.Keys)
        {
            if (!after.EndpointSlices.ContainsKey(name))
            {
                state.RemoveSlice(name);
            }
        }

        foreach (Service service in after.Services.Values)
        {
            state.Set(service, problems);
        }

        foreach (EndpointSlice slice in after.EndpointSlices.Values)
        {
            state.Set(slice);
        }
    }

    private static (NodeSettings IPv4, NodeSettings IPv6) Resolve(ManifestObjects objects, ProxySettings settings, IReadOnlyList<IpAddress>? interfaceAddresses)
    {
        Node? node = objects.Nodes.GetValueOrDefault(settings.NodeName);
        EquatableArray<IpAddress> addresses = EquatableArray.Adopt<IpAddress>([.. interfaceAddresses ?? AddressesOf(node)]);
        EquatableArray<IpPrefix> serviceCidrs = ServiceCidrs(objects);
        return (
            NodeSettings.Resolve(IpFamily.IPv4, settings, node, addresses, serviceCidrs),
            NodeSettings.Resolve(IpFamily.IPv6, settings, node, addresses, serviceCidrs));
    }

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

    private static EquatableArray<IpPrefix> ServiceCidrs(ManifestObjects objects)
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
