namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Connections under change in nftables mode.</summary>
public sealed class NftablesChangeTests() : ChangeTests("nftables");
