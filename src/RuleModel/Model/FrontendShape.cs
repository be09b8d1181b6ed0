using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>
/// What frontends that are served in the same way have in common: kind, policy and the sizes of the endpoint groups. A
/// back end that shares chains between Services needs one chain per shape in use.
/// </summary>
/// <param name="Kind">
/// <see cref="FrontendKind.ClusterIP"/>, <see cref="FrontendKind.ExternalIP"/> for every external address, or
/// <see cref="FrontendKind.NodePort"/>.
/// </param>
/// <param name="Policy">The policy of external frontends; Cluster for cluster IPs, whose one group is in ClusterSize.</param>
/// <param name="ClusterSize">Number of endpoints in the Cluster group, or in the only group of a cluster IP.</param>
/// <param name="LocalSize">Number of endpoints in the Local group of external frontends with policy Local, else 0.</param>
public readonly record struct FrontendShape(FrontendKind Kind, TrafficPolicy Policy, int ClusterSize, int LocalSize) : IComparable<FrontendShape>
{
    /// <summary>The shape of a frontend that forwards some traffic.</summary>
    public static FrontendShape Of(ServicePortRules port, FrontendKind kind)
    {
        if (kind == FrontendKind.ClusterIP)
        {
            return new(kind, TrafficPolicy.Cluster, port.GroupOf(port.Spec.InternalPolicy).Length, 0);
        }

        FrontendKind merged = kind == FrontendKind.NodePort ? kind : FrontendKind.ExternalIP;
        TrafficPolicy policy = port.Spec.ExternalPolicy;
        return new(merged, policy, port.Endpoints.Cluster.Length, policy == TrafficPolicy.Local ? port.Endpoints.Local.Length : 0);
    }

    /// <inheritdoc/>
    public int CompareTo(FrontendShape other) =>
        (Kind, Policy, ClusterSize, LocalSize).CompareTo((other.Kind, other.Policy, other.ClusterSize, other.LocalSize));
}
