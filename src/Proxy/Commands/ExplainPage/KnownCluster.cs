using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.ExplainPage;

/// <summary>
/// A cluster as far as the rules of a node have it: its Services, its own Node, and which endpoints run on it. The agent does not keep
/// objects beside its rules.
/// </summary>
internal static class KnownCluster
{
    /// <summary>Addresses that are offered as sources.</summary>
    private const int MostSuggested = 30;

    /// <summary>Addresses of pods of this node that are endpoints, for a choice.</summary>
    public static string[] Suggested(IReadOnlyList<FamilyRules> rules) =>
        [.. rules.SelectMany(static family => Of(family)).Distinct().Take(MostSuggested).Order().Select(static address => address.ToString())];

    /// <summary>The cluster.</summary>
    /// <param name="rules">The rules of each family that has been written; at least one.</param>
    /// <param name="configuration">The configuration.</param>
    /// <param name="nodeName">The name of the node.</param>
    /// <param name="addresses">The addresses on the interfaces of the node.</param>
    public static ClusterView ViewOf(IReadOnlyList<FamilyRules> rules, KubeProxyConfiguration configuration, string nodeName, IReadOnlyList<IpAddress> addresses)
    {
        ManifestObjects objects = new();
        objects.Nodes.Add(nodeName, new Node
        {
            Name = nodeName,
            Zone = rules[0].Settings.Zone,
            Addresses = [.. rules.Select(static family => new NodeAddress("InternalIP", family.Settings.NodeIP.ToString()))],
            PodCidrs = [.. rules.SelectMany(static family => PodCidrOf(family.Settings))],
        });
        foreach (FamilyRules family in rules)
        {
            EndpointSlice slice = new()
            {
                Name = new("", $"{family.Family}"),
                AddressType = family.Family == IpFamily.IPv4 ? AddressType.IPv4 : AddressType.IPv6,
                Endpoints = [.. Of(family).Distinct().Select(address => new SliceEndpoint(address, EndpointConditions.Ready, nodeName, default, default))],
            };
            objects.EndpointSlices.Add(slice.Name, slice);
        }

        return new()
        {
            Objects = objects,
            Configuration = configuration,
            Mode = configuration.EffectiveMode,
            NodeName = nodeName,
            NodeAddresses = addresses,
            Model = new(FamilyOf(rules, IpFamily.IPv4), FamilyOf(rules, IpFamily.IPv6)),
        };
    }

    private static IEnumerable<IpAddress> Of(FamilyRules rules)
    {
        foreach (ServiceRules service in rules.Services.Values)
        {
            foreach (ServicePortRules port in service.Ports.AsSpan().ToArray())
            {
                foreach (Endpoint endpoint in port.Endpoints.All.AsSpan().ToArray())
                {
                    if (endpoint.IsLocal)
                    {
                        yield return endpoint.Target.Address;
                    }
                }
            }
        }
    }

    private static string[] PodCidrOf(NodeSettings settings) =>
        settings.LocalTraffic.Kind == LocalTrafficKind.Prefix ? [settings.LocalTraffic.Prefix.ToString()]
        : settings.Egress is { Pods.Kind: LocalTrafficKind.Prefix } egress ? [egress.Pods.Prefix.ToString()]
        : [];

    /// <summary>The rules of a family; none at all if it is not written.</summary>
    private static FamilyRules FamilyOf(IReadOnlyList<FamilyRules> rules, IpFamily family)
    {
        if (rules.FirstOrDefault(each => each.Family == family) is { } written)
        {
            return written;
        }

        NodeSettings Settings(IpFamily of) => NodeSettings.Resolve(of, new ProxySettings { NodeName = rules[0].Settings.NodeName }, null, default, default);
        return new RuleModelBuilder(new ClusterState(allowExternalIPs: true), Settings(IpFamily.IPv4), Settings(IpFamily.IPv6)).Current[family];
    }
}
