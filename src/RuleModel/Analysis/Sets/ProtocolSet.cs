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
