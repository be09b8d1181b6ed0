namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The table of behaviour in nftables mode.</summary>
public sealed class NftablesBehaviourTests(NftablesLab lab) : BehaviourTests(lab), IClassFixture<NftablesLab>;
