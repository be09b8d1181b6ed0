namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>A node that does not know pods from strangers, in iptables mode.</summary>
public sealed class IptablesUnknowingTests(IptablesUnknowingLab lab) : VariationTests(lab, "unknown"), IClassFixture<IptablesUnknowingLab>;
