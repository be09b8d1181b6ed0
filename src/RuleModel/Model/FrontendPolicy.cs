using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The policy of the internal or of the external frontends of a service port.</summary>
/// <param name="Policy">Which endpoint group serves them.</param>
/// <param name="Verdict">
/// What happens to traffic from outside. External traffic from pods and from the node itself is short-circuited to the
/// Cluster group even when this says drop.
/// </param>
public readonly record struct FrontendPolicy(TrafficPolicy Policy, FrontendVerdict Verdict);

/// <summary>What happens to a connection to a frontend (spec 4.5).</summary>
public enum FrontendVerdict : byte
{
    /// <summary>It is sent to an endpoint.</summary>
    Dnat,

    /// <summary>It is refused with an ICMP port-unreachable error: the service port has no endpoints.</summary>
    Reject,

    /// <summary>It is dropped: there are endpoints, but the Local policy leaves none on this node.</summary>
    Drop,
}
