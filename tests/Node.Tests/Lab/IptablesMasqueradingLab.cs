using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>iptables mode, legacy iptables, all traffic to cluster IPs masqueraded.</summary>
public sealed class IptablesMasqueradingLab() : BehaviourLab("iptables", "legacy", StandardLab.KnowsPods + "iptables: {masqueradeAll: true}");
