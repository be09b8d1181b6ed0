using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Everything that determines the rules of one service port in one family, apart from the node's settings.</summary>
/// <param name="Spec">What the Service asks for.</param>
/// <param name="Endpoints">The endpoints and their groups.</param>
/// <param name="NodeMayUseLoadBalancer">
/// Whether the source ranges contain the node's own address; load-balancer IPs are then sources that may connect too,
/// because the node can talk to them from themselves (spec 5.5.8).
/// </param>
public sealed record ServicePortRules(ServicePortSpec Spec, EndpointSelection Endpoints, bool NodeMayUseLoadBalancer)
{
    /// <summary>The identity.</summary>
    public ServicePortName Name => Spec.Name;

    /// <summary>
    /// Frontends for which another service port has precedence (docs/decisions.md). No traffic reaches this port through
    /// them.
    /// </summary>
    public EquatableArray<Frontend> Shadowed { get; init; }

    /// <summary>The policy of the cluster IP.</summary>
    public FrontendPolicy Internal => new(Spec.InternalPolicy, Verdict(Spec.InternalPolicy));

    /// <summary>The policy of external IPs, load-balancer IPs and the node port.</summary>
    public FrontendPolicy External => new(Spec.ExternalPolicy, Verdict(Spec.ExternalPolicy));

    /// <summary>Whether some external traffic reaches an endpoint.</summary>
    public bool ServesExternalTraffic => Endpoints.HasEndpoints && Spec.IsExternallyAccessible;

    /// <summary>Whether the load-balancer IPs are restricted to source ranges.</summary>
    public bool HasFirewall => !Spec.LoadBalancerIPs.IsEmpty && !Spec.SourceRanges.IsEmpty;

    /// <summary>Number of frontends.</summary>
    public int FrontendCount => 1 + Spec.ExternalIPs.Length + Spec.LoadBalancerIPs.Length + (Spec.NodePort == 0 ? 0 : 1);

    /// <summary>A frontend: the cluster IP first, then external IPs, load-balancer IPs and the node port.</summary>
    /// <param name="index">0 to <see cref="FrontendCount"/> - 1.</param>
    public Frontend FrontendAt(int index)
    {
        if (index == 0)
        {
            return new(FrontendKind.ClusterIP, Spec.ClusterIP, Spec.Port);
        }

        int external = index - 1;
        if (external < Spec.ExternalIPs.Length)
        {
            return new(FrontendKind.ExternalIP, Spec.ExternalIPs[external], Spec.Port);
        }

        int balancer = external - Spec.ExternalIPs.Length;
        return balancer < Spec.LoadBalancerIPs.Length
            ? new(FrontendKind.LoadBalancerIP, Spec.LoadBalancerIPs[balancer], Spec.Port)
            : new(FrontendKind.NodePort, default, Spec.NodePort);
    }

    /// <summary>Whether traffic to the frontend is for this port: no other port shadows it.</summary>
    public bool Owns(Frontend frontend) => Shadowed.IsEmpty || !Shadowed.AsSpan().Contains(frontend);

    /// <summary>Whether some traffic to a frontend is forwarded to an endpoint.</summary>
    public bool Forwards(Frontend frontend) =>
        frontend.IsExternal ? Endpoints.HasEndpoints : Internal.Verdict == FrontendVerdict.Dnat;

    /// <summary>Whether an earlier frontend has the same address: an address may be external and load-balancer IP at once.</summary>
    /// <param name="index">As in <see cref="FrontendAt"/>.</param>
    public bool IsRepeated(int index)
    {
        Frontend frontend = FrontendAt(index);
        for (int earlier = 0; earlier < index && frontend.Kind != FrontendKind.NodePort; earlier++)
        {
            if (FrontendAt(earlier).Address == frontend.Address)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The policy that a frontend follows.</summary>
    public FrontendPolicy PolicyOf(Frontend frontend) => frontend.IsExternal ? External : Internal;

    /// <summary>The endpoint group of a policy.</summary>
    public EquatableArray<Endpoint> GroupOf(TrafficPolicy policy) =>
        policy == TrafficPolicy.Local ? Endpoints.Local : Endpoints.Cluster;

    /// <summary>
    /// Whether both make the same rules. Endpoints that no packet can reach may differ: they count only for large-cluster
    /// mode, health checks and conntrack.
    /// </summary>
    public bool HasSameRulesAs(ServicePortRules other) =>
        ReferenceEquals(this, other)
        || (NodeMayUseLoadBalancer == other.NodeMayUseLoadBalancer
            && Spec == other.Spec
            && Endpoints.HasEndpoints == other.Endpoints.HasEndpoints
            && Shadowed == other.Shadowed
            && Endpoints.Cluster == other.Endpoints.Cluster
            && Endpoints.Local == other.Endpoints.Local);

    private FrontendVerdict Verdict(TrafficPolicy policy)
    {
        if (!Endpoints.HasEndpoints)
        {
            return FrontendVerdict.Reject;
        }

        return policy == TrafficPolicy.Local && Endpoints.Local.IsEmpty ? FrontendVerdict.Drop : FrontendVerdict.Dnat;
    }
}
