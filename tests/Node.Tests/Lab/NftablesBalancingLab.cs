namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>nftables mode: the Services of <see cref="BalancedServices"/>.</summary>
public sealed class NftablesBalancingLab() : BehaviourLab("nftables", "auto", BalancedServices.All);
