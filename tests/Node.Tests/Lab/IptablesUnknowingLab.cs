namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, legacy iptables, pods not known from strangers.</summary>
public sealed class IptablesUnknowingLab() : BehaviourLab("iptables", "legacy", "");
