namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, iptables on top of nf_tables.</summary>
public sealed class IptablesLab() : BehaviourLab("iptables", "nft");
