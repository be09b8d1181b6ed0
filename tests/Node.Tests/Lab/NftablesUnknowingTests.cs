namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>A node that does not know pods from strangers, in nftables mode.</summary>
public sealed class NftablesUnknowingTests(NftablesUnknowingLab lab) : VariationTests(lab, "unknown"), IClassFixture<NftablesUnknowingLab>;
