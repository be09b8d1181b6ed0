namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>Where a commit stands to our applies.</summary>
internal enum CommitTiming
{
    /// <summary>It was made while none of ours was under way.</summary>
    Outside,

    /// <summary>It was made in the apply that is still under way.</summary>
    Open,

    /// <summary>It was made in an apply that has ended.</summary>
    Closed,
}
