using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>An endpoint that traffic is sent to.</summary>
/// <param name="Target">The endpoint.</param>
/// <param name="Share">How much of the traffic, in millionths.</param>
/// <param name="IsMasqueraded">Whether the endpoint sees the node as the client.</param>
public readonly record struct EndpointShare(EndpointAddress Target, int Share, bool IsMasqueraded);
