namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>masqueradeAll in nftables mode.</summary>
public sealed class NftablesMasqueradingTests(NftablesMasqueradingLab lab) : VariationTests(lab, "all"), IClassFixture<NftablesMasqueradingLab>;
