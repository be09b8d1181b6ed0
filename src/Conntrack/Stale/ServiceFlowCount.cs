using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>How many flows a service port has.</summary>
/// <param name="Family">The family of the flows.</param>
/// <param name="Name">The service port.</param>
/// <param name="Flows">Flows that go to endpoints of it.</param>
public readonly record struct ServiceFlowCount(IpFamily Family, ServicePortName Name, long Flows);
