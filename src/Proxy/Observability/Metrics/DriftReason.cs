namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What somebody else did to our rules.</summary>
internal enum DriftReason
{
    /// <summary>A table of ours is gone or was flushed.</summary>
    TableLost,

    /// <summary>Chains, sets or maps of ours are gone.</summary>
    ChainLost,

    /// <summary>The jumps from the kernel's own chains into ours are gone.</summary>
    JumpLost,

    /// <summary>Rules or elements in our chains are not those we wrote.</summary>
    RulesChanged,

    /// <summary>The kernel's state could not be watched for a while, so that everything was written again.</summary>
    WatchLost,
}
