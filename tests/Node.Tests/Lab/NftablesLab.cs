namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>nftables mode: the Services of <see cref="BehaviourTable"/>.</summary>
public sealed class NftablesLab() : BehaviourLab("nftables", "auto", BehaviourTable.Parts);
