using KubeProxySharp.Proxy.Commands.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Names the field that a reason really comes from where the model does not know: pod CIDRs may be a Node's.</summary>
internal static class ReasonFields
{
    /// <summary>Corrects the reasons of a walk.</summary>
    public static ExplainedWalk Correct(ExplainedWalk walk, ClusterView cluster) => cluster.Configuration.EffectiveDetectLocalMode != "NodeCIDR"
        ? walk
        : walk with
        {
            Reasons = [.. walk.Reasons.Select(reason => reason.Field == "clusterCIDR" ? reason with { Owner = $"Node {cluster.NodeName}", Field = "spec.podCIDRs" } : reason)],
        };
}
