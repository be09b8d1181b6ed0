namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Other configurations in nftables mode.</summary>
public sealed class NftablesVariationTests(NftablesLab lab) : VariationTests(lab), IClassFixture<NftablesLab>;
