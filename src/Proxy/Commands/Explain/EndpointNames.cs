using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The Pod that has an address, if Pods are known, and its node.</summary>
internal sealed class EndpointNames
{
    private readonly Dictionary<IpAddress, Pod> _pods = [];
    private readonly Dictionary<IpAddress, string> _nodes = [];
    private readonly Dictionary<string, string> _zones = new(StringComparer.Ordinal);
    private readonly string _nodeName = "";
    private readonly DuplicateEndpoints? _duplicates;

    /// <summary>Without any Pods or endpoints.</summary>
    public EndpointNames()
    {
    }

    /// <summary>The Pods and endpoints of a cluster.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="family">The family that is asked about.</param>
    public EndpointNames(ClusterView cluster, IpFamily family)
    {
        _nodeName = cluster.NodeName;
        foreach (Pod pod in cluster.Objects.Pods.Values)
        {
            foreach (string text in pod.Addresses)
            {
                if (!pod.HasEnded && !pod.IsHostNetwork && IpAddress.TryParse(text, out IpAddress address) && address.Family == family)
                {
                    _pods[address] = pod;
                }
            }
        }

        foreach (Node node in cluster.Objects.Nodes.Values)
        {
            _zones[node.Name] = node.Zone;
        }

        AddressType type = family == IpFamily.IPv4 ? AddressType.IPv4 : AddressType.IPv6;
        _duplicates = new(cluster.Objects.EndpointSlices.Values, type);
        foreach (EndpointSlice slice in cluster.Objects.EndpointSlices.Values)
        {
            foreach (SliceEndpoint endpoint in slice.AddressType == type ? slice.Endpoints.AsSpan() : default)
            {
                if (endpoint.NodeName is not null)
                {
                    _nodes[endpoint.Address] = endpoint.NodeName;
                }
            }
        }
    }

    /// <summary>The Pod that has an address; null if there is none, or Pods are not known.</summary>
    public Pod? PodAt(IpAddress address) => _pods.GetValueOrDefault(address);

    /// <summary>Whether an endpoint of this node has the address.</summary>
    public bool IsLocalEndpoint(IpAddress address) => _nodeName.Length != 0 && _nodes.GetValueOrDefault(address) == _nodeName;

    /// <summary>The node that an endpoint runs on; empty when not known.</summary>
    public string NodeOf(IpAddress address) => _nodes.GetValueOrDefault(address) ?? "";

    /// <summary>The zone of a node; empty when not known.</summary>
    public string ZoneOf(string node) => _zones.GetValueOrDefault(node) ?? "";

    /// <summary>The addresses that a service port is given several times in different conditions, and which of them counts.</summary>
    public IEnumerable<ModelReason> DuplicatesOf(ServicePortName port) => _duplicates?.Of(port) ?? [];
}
