namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>nftables mode, pods not known from strangers.</summary>
public sealed class NftablesUnknowingLab() : BehaviourLab("nftables", "auto", "");
