namespace KubeProxySharp.Conntrack.Flows;

/// <summary>What passed in one direction of a flow; the kernel counts only with <c>nf_conntrack_acct=1</c>.</summary>
/// <param name="Packets">Number of packets.</param>
/// <param name="Bytes">Number of bytes, IP headers included.</param>
public readonly record struct FlowCounters(ulong Packets, ulong Bytes);
