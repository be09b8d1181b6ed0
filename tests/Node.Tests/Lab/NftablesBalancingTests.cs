namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Balancing in nftables mode.</summary>
public sealed class NftablesBalancingTests(NftablesBalancingLab lab) : BalancingTests(lab), IClassFixture<NftablesBalancingLab>;
