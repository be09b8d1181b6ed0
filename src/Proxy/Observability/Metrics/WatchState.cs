namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What a watch is doing.</summary>
internal enum WatchState
{
    /// <summary>Not yet started.</summary>
    Idle,

    /// <summary>Reading the whole list.</summary>
    Listing,

    /// <summary>Following changes: what this node knows is current.</summary>
    Watching,

    /// <summary>Waiting before it tries again after a failure: what this node knows grows old.</summary>
    BackingOff,
}
