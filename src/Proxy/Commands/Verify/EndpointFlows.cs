using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>The flows of an endpoint.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Flows">How many.</param>
/// <param name="Share">Its part of the flows of the service port, 0 to 1.</param>
/// <param name="Expected">The part that it should have of those that are spread by one policy; null when no packet should reach it.</param>
internal sealed record EndpointFlows(EndpointAddress Endpoint, long Flows, double Share, double? Expected);
