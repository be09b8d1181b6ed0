using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>The value of one of the kernel's counters of connections.</summary>
/// <param name="ServicePort">The service port.</param>
/// <param name="Family">The family.</param>
/// <param name="Group">The endpoint group that the connections were sent to, or would have been sent to: that of the policy.</param>
/// <param name="Fate">What happened to the connections.</param>
/// <param name="Counter">
/// Tells apart the counters that a service port has of one family, group and fate, such as those of its frontends. The same counter has
/// the same number in each reading.
/// </param>
/// <param name="Value">
/// Connections or packets (see <see cref="ConnectionFate"/>) since the kernel's counter began. It never decreases, except when the
/// counter begins anew.
/// </param>
internal readonly record struct ConnectionCount(
    ServicePortName ServicePort, IpFamily Family, TrafficPolicy Group, ConnectionFate Fate, ulong Counter, ulong Value);
