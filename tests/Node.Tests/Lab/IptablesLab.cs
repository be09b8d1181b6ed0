namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, iptables on top of nf_tables: the Services of <see cref="BehaviourTable"/>.</summary>
public sealed class IptablesLab() : BehaviourLab("iptables", "nft", BehaviourTable.Parts);
