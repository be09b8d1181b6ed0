namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>masqueradeAll in iptables mode.</summary>
public sealed class IptablesMasqueradingTests(IptablesMasqueradingLab lab) : VariationTests(lab, "all"), IClassFixture<IptablesMasqueradingLab>;
