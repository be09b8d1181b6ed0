namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>nftables mode.</summary>
public sealed class NftablesLab() : BehaviourLab("nftables", "auto");
