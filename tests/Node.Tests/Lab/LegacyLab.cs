namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, legacy iptables: the Services of <see cref="BehaviourTable"/>.</summary>
public sealed class LegacyLab() : BehaviourLab("iptables", "legacy", BehaviourTable.Parts);
