using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>A flow that the rules would not make.</summary>
/// <param name="Flow">The flow.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Service">The service port; empty when there is none any more.</param>
/// <param name="Age">How old it is; null when the kernel did not keep that.</param>
/// <param name="Wanted">What should become of such packets, in words.</param>
internal sealed record StaleFlow(ConntrackEntry Flow, FlowVerdict Reason, string Service, TimeSpan? Age, string Wanted);
