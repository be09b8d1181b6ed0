namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>What a flag is about; the help prints flags of one group together, groups in this order.</summary>
internal enum FlagGroup
{
    General,
    Cluster,
    Rules,
    LocalTraffic,
    Node,
    Listeners,
    Logging,
    Ipvs,
    Ignored,
}
