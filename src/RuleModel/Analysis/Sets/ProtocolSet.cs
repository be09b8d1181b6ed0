using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Transport protocols: those that Services can have, and all others as one.</summary>
[Flags]
internal enum ProtocolSet : byte
{
    None = 0,
    Tcp = 1,
    Udp = 2,
    Sctp = 4,
    Other = 8,
    All = 15,
}

/// <summary>Conversions between one protocol and a set.</summary>
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
