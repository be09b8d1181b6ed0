using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>nftables mode, all traffic to cluster IPs masqueraded.</summary>
public sealed class NftablesMasqueradingLab() : BehaviourLab("nftables", "auto", StandardLab.KnowsPods + "nftables: {masqueradeAll: true}");
