namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, legacy iptables: the Services of <see cref="BalancedServices"/>.</summary>
public sealed class LegacyBalancingLab() : BehaviourLab("iptables", "legacy", BalancedServices.All);
