using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Explains why the model treats a packet as it does, with the field of the object or configuration that causes it.</summary>
/// <param name="rules">The model.</param>
/// <param name="source">Where the packet comes from.</param>
/// <param name="protocol">Its protocol.</param>
/// <param name="dialect">The mode of the rules.</param>
internal sealed class ModelReasons(FamilyRules rules, IpAddress source, TransportProtocol protocol, RuleDialect dialect)
{
    private const string Configuration = "the configuration";
    private const string EgressConfiguration = "the egress masquerade configuration";

    private NodeSettings Settings => rules.Settings;

    public static ModelReason Dialled(ServicePortRules port, Frontend frontend)
    {
        string transport = TransportText(port.Name.Protocol);
        return frontend.Kind switch
        {
            FrontendKind.ClusterIP => Of(port, $"{At(frontend)}/{transport} is the cluster IP of {port.Name}", "spec.clusterIP"),
            FrontendKind.ExternalIP => Of(port, $"{At(frontend)}/{transport} is an external IP of {port.Name}", "spec.externalIPs"),
            FrontendKind.LoadBalancerIP => Of(port, $"{At(frontend)}/{transport} is the load-balancer IP of {port.Name}", "status.loadBalancer.ingress"),
            _ => Of(port, $"{frontend.Port}/{transport} is the node port of {port.Name}", "spec.ports[].nodePort"),
        };
    }

    public IEnumerable<ModelReason> Group(ServicePortRules port, TrafficPolicy policy, string field)
    {
        EndpointSelection endpoints = port.Endpoints;
        int chosen = port.GroupOf(policy).Length;
        bool isLocal = policy == TrafficPolicy.Local;
        bool isFallback = !port.GroupOf(policy)[0].IsReady;
        if (isLocal)
        {
            yield return Of(port, $"policy Local: only endpoints on this node, {chosen} of {endpoints.All.Length}", field);
        }
        else if (endpoints.Topology != TopologyMode.None && !isFallback)
        {
            string where = endpoints.Topology == TopologyMode.SameNode ? $"node {Settings.NodeName}" : $"zone {Settings.Zone}";
            yield return new($"topology hints leave {Count(chosen, "endpoint")} of {endpoints.All.Length}: those for {where}", $"EndpointSlices of {port.Name.Service}", "endpoints[].hints");
        }
        else if (!isFallback)
        {
            int unready = endpoints.All.Length - chosen;
            string rest = unready == 0 ? "" : $"; {unready} more {(unready == 1 ? "is" : "are")} not ready";
            string spread = chosen == 1 ? "there is one ready endpoint" : $"spread evenly over {chosen} ready endpoints";
            yield return new($"{spread}{rest}", $"EndpointSlices of {port.Name.Service}", "endpoints[].conditions.ready");
        }

        if (isFallback)
        {
            yield return new($"no endpoint is ready, so {Count(chosen, "terminating one")} that still serve{(chosen == 1 ? "s" : "")} {(chosen == 1 ? "is" : "are")} used", $"EndpointSlices of {port.Name.Service}", "endpoints[].conditions.serving");
        }

        if (port.Spec.HasAffinity)
        {
            yield return Of(port, $"session affinity: a client that connected within the last {port.Spec.AffinitySeconds} s goes to the endpoint that it had", "spec.sessionAffinity");
        }
    }

    public ModelReason ClusterIPMasquerade()
    {
        if (Settings.MasqueradeAll)
        {
            return new("masqueraded: all traffic to cluster IPs is", Configuration, dialect == RuleDialect.Nftables ? "nftables.masqueradeAll" : "iptables.masqueradeAll");
        }

        return Settings.LocalTraffic.Kind == LocalTrafficKind.Prefix
            ? new($"masqueraded: traffic to a cluster IP from {source}, which is outside the pod CIDR {Settings.LocalTraffic.Prefix}", Configuration, "clusterCIDR")
            : new($"masqueraded: traffic to a cluster IP that does not come in by {DetectedInterface()}", Configuration, "detectLocal");
    }

    public static ModelReason ExternalMasquerade(ServicePortRules port) =>
        Of(port, "masqueraded: with policy Cluster the endpoint may be on another node, and its answers must come back through this one", "spec.externalTrafficPolicy");

    public IEnumerable<ModelReason> KeptSource(ServicePortRules port, Frontend? frontend)
    {
        if (frontend is { IsExternal: true })
        {
            yield return Of(port, "not masqueraded: policy Local keeps the client's address", "spec.externalTrafficPolicy");
        }
        else if (!Settings.LocalTraffic.IsPresent)
        {
            yield return new("not masqueraded: without a pod CIDR pods and strangers cannot be told apart", Configuration, "clusterCIDR");
        }
        else if (Settings.LocalTraffic.Kind == LocalTrafficKind.Prefix)
        {
            yield return new($"not masqueraded: {source} is inside the pod CIDR {Settings.LocalTraffic.Prefix}", Configuration, "clusterCIDR");
        }
        else
        {
            yield return new($"not masqueraded: it comes in by {DetectedInterface()}", Configuration, "detectLocal");
        }
    }

    public static ModelReason ShortCut(ServicePortRules port, bool isPod) => Of(
        port,
        isPod ? "policy Local does not bind pods: their traffic never left the cluster, so it may use all endpoints" : "policy Local does not bind the node itself: its traffic may use all endpoints, masqueraded",
        "spec.externalTrafficPolicy");

    public ModelReason AllowedSource(ServicePortRules port)
    {
        foreach (IpPrefix range in port.Spec.SourceRanges)
        {
            if (range.Contains(source))
            {
                return Of(port, $"{source} is allowed by {range}", "spec.loadBalancerSourceRanges");
            }
        }

        return Of(port, $"{source} is the load balancer's own address, which the node may use because the ranges contain {Settings.NodeIP}", "spec.loadBalancerSourceRanges");
    }

    public ModelReason RefusedSource(ServicePortRules port) =>
        Of(port, $"dropped: loadBalancerSourceRanges of {port.Name.Service} does not include {source}: {string.Join(", ", port.Spec.SourceRanges.AsSpan().ToArray())}", "spec.loadBalancerSourceRanges");

    public static ModelReason NoEndpoints(ServicePortRules port)
    {
        int all = port.Endpoints.All.Length;
        string why = all == 0
            ? $"no EndpointSlice has an endpoint for port \"{port.Name.Port}\""
            : $"none of its {Count(all, "endpoint")} is ready";
        return new($"refused: {port.Name} has no endpoints: {why}", $"EndpointSlices of {port.Name.Service}", all == 0 ? "endpoints" : "endpoints[].conditions.ready");
    }

    public ModelReason NoLocalEndpoints(ServicePortRules port, Frontend frontend)
    {
        string field = frontend.IsExternal ? "externalTrafficPolicy" : "internalTrafficPolicy";
        string node = Settings.NodeName.Length == 0 ? "this node" : $"node {Settings.NodeName}";
        return Of(port, $"dropped: {field} of {port.Name.Service} is Local, and none of its {Count(port.Endpoints.All.Length, "endpoint")} is on {node}", "spec." + field);
    }

    public static ModelReason Hairpin(ModelState state) =>
        new($"masqueraded: {state.Destination} reaches itself through its Service (hairpin), and must not answer itself directly", $"EndpointSlices of {state.Service?.Name.Service}", "endpoints[].addresses");

    public static ModelReason AlreadyMarked(uint mark) => new($"masqueraded: the packet already has mark 0x{mark:x}", Configuration, "masqueradeBit");

    /// <summary>What egress masquerade does with a packet of a pod.</summary>
    public ModelReason Egress(IpAddress destination, EgressMasquerade egress)
    {
        string pod = egress.Pods.Kind == LocalTrafficKind.Prefix
            ? $"{source} is inside the pod CIDR {egress.Pods.Prefix}"
            : $"it comes in by {DetectedInterface()}";
        foreach (IpPrefix kept in egress.KeptDestinations)
        {
            if (kept.Contains(destination))
            {
                bool isLinkLocal = kept == EgressPolicy.LinkLocal || kept == EgressPolicy.LinkLocalIPv6;
                string field = !isLinkLocal ? "nonMasqueradeCIDRs" : kept.Family == IpFamily.IPv4 ? "masqLinkLocal" : "masqLinkLocalIPv6";
                return new($"not masqueraded: pods keep their address to {kept}, which contains {destination}", EgressConfiguration, field);
            }
        }

        return new($"masqueraded: {pod}, and {destination} is outside of the ranges to which pods keep their address", EgressConfiguration, "nonMasqueradeCIDRs");
    }

    public static ModelReason LoopbackFromOutside() =>
        new("dropped: addressed to loopback from outside of it, while node ports are served on 127.0.0.1", Configuration, "iptables.localhostNodePorts");

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

        string rest = Settings.Egress is null ? ": nothing is done with the packet" : "";
        yield return new($"no Service has {new EndpointAddress(destination, state.Port)} as an address or node port{rest}", "Services", "");
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

    private static ModelReason Of(ServicePortRules port, string text, string field) => new(text, $"Service {port.Name.Service}", field);

    private static string At(Frontend frontend) => new EndpointAddress(frontend.Address, frontend.Port).ToString();

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string TransportText(TransportProtocol protocol) => protocol.ToUpperText().ToLowerInvariant();

    private string DetectedInterface() =>
        Settings.LocalTraffic.Kind == LocalTrafficKind.Interface ? $"the pods' interface {Settings.LocalTraffic.Interface}" : $"an interface named {Settings.LocalTraffic.Interface}*";
}

/// <summary>Why a packet is treated as it is.</summary>
/// <param name="Text">In words.</param>
/// <param name="Owner">The object that says so, such as <c>Service shop/web</c>; <c>the configuration</c> for that of kube-proxy.</param>
/// <param name="Field">Its field; empty if there is none.</param>
public sealed record ModelReason(string Text, string Owner, string Field);
