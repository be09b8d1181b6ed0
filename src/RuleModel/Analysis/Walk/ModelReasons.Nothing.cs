using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <content>Why nothing is done with a packet.</content>
internal sealed partial class ModelReasons
{
    public ModelReason NoSuchPort(ModelState state)
    {
        ServiceRules? owner = Owner(state.Destination);
        string ports = owner is null ? "" : $"; it has {string.Join(", ", owner.Ports.AsSpan().ToArray().Select(port => $"{port.Spec.Port}/{TransportText(port.Name.Protocol)}"))}";
        return new($"refused: {state.Destination} is the cluster IP of {owner?.Name}, which has no port {state.Port}{ports}", $"Service {owner?.Name}", "spec.ports");
    }

    public static ModelReason Unallocated(ModelState state, IpPrefix range) =>
        new($"dropped: {state.Destination} is in the ServiceCIDR {range}, and no Service has it", "ServiceCIDR", "spec.cidrs");

    /// <summary>Why a packet keeps its destination; nothing for one that was sent on.</summary>
    public IEnumerable<ModelReason> Untouched(ModelState state)
    {
        if (state.Endpoint is not null)
        {
            yield break;
        }

        IpAddress destination = state.Destination;
        if (Owner(destination) is { } owner)
        {
            string ports = string.Join(", ", owner.Ports.AsSpan().ToArray().Select(port => $"{port.Spec.Port}/{TransportText(port.Name.Protocol)}"));
            yield return new($"{destination} is the cluster IP of {owner.Name}, but port {state.Port} is not one of its ports ({ports}): nothing is done with the packet", $"Service {owner.Name}", "spec.ports");
            yield break;
        }

        ServicePortRules? nodePort = NodePortOwner(state.Port);
        if (nodePort is not null)
        {
            yield return NotAnswered(nodePort, destination);
            yield break;
        }

        if (ServiceCidrOf(destination) is { } range)
        {
            yield return new($"{destination} is in the ServiceCIDR {range}, and no Service has it; in iptables mode nothing is done with the packet", "ServiceCIDR", "spec.cidrs");
            yield break;
        }

        yield return new($"no Service has {new EndpointAddress(destination, state.Port)} as an address or node port: nothing is done with the packet", "Services", "");
    }

    private ModelReason NotAnswered(ServicePortRules port, IpAddress destination)
    {
        NodePortAddresses configured = Settings.NodePortAddresses;
        if (destination.IsLoopback)
        {
            return new($"{port.Spec.NodePort} is the node port of {port.Name}, but node ports do not answer on loopback here", Configuration, dialect == RuleDialect.Nftables ? "mode" : "iptables.localhostNodePorts");
        }

        string where = configured.MatchesAll
            ? "which is not an address of this node"
            : $"which is not among the addresses that answer node ports: {(configured.Addresses.IsEmpty ? "none" : string.Join(", ", configured.Addresses.AsSpan().ToArray()))}";
        return new($"{port.Spec.NodePort} is the node port of {port.Name}, but the packet is for {destination}, {where}", Configuration, "nodePortAddresses");
    }

    private IpPrefix? ServiceCidrOf(IpAddress address)
    {
        foreach (IpPrefix range in Settings.ServiceCidrs)
        {
            if (range.Contains(address))
            {
                return range;
            }
        }

        return null;
    }

    private ServiceRules? Owner(IpAddress address)
    {
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in rules.Services)
        {
            if (service.Value.Ports[0].Spec.ClusterIP == address)
            {
                return service.Value;
            }
        }

        return null;
    }

    private ServicePortRules? NodePortOwner(ushort port)
    {
        foreach (KeyValuePair<NamespacedName, ServiceRules> service in rules.Services)
        {
            foreach (ServicePortRules candidate in service.Value.Ports)
            {
                if (candidate.Spec.NodePort == port && candidate.Name.Protocol == protocol)
                {
                    return candidate;
                }
            }
        }

        return null;
    }
}
