namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Balancing in iptables mode, legacy iptables.</summary>
public sealed class LegacyBalancingTests(LegacyBalancingLab lab) : BalancingTests(lab), IClassFixture<LegacyBalancingLab>;
