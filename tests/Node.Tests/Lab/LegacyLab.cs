namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, legacy iptables.</summary>
public sealed class LegacyLab() : BehaviourLab("iptables", "legacy");
