using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>From one protocol to a set and back.</summary>
internal static class ProtocolSets
{
    public static ProtocolSet Of(TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Tcp => ProtocolSet.Tcp,
        TransportProtocol.Udp => ProtocolSet.Udp,
        TransportProtocol.Sctp => ProtocolSet.Sctp,
        _ => ProtocolSet.Other,
    };

    /// <summary>The first protocol of a set; null if it has only those that no Service can have.</summary>
    public static TransportProtocol? FirstOf(ProtocolSet set) =>
        (set & ProtocolSet.Tcp) != 0 ? TransportProtocol.Tcp
        : (set & ProtocolSet.Udp) != 0 ? TransportProtocol.Udp
        : (set & ProtocolSet.Sctp) != 0 ? TransportProtocol.Sctp
        : null;
}
