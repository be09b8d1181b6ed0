namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Balancing in iptables mode, iptables on top of nf_tables.</summary>
public sealed class IptablesBalancingTests(IptablesBalancingLab lab) : BalancingTests(lab), IClassFixture<IptablesBalancingLab>;
