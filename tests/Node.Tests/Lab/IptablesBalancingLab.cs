namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, iptables on top of nf_tables: the Services of <see cref="BalancedServices"/>.</summary>
public sealed class IptablesBalancingLab() : BehaviourLab("iptables", "nft", BalancedServices.All);
