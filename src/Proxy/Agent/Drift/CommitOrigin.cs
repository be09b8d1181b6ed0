namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>Who made a commit.</summary>
internal enum CommitOrigin
{
    /// <summary>Somebody else.</summary>
    Foreign,

    /// <summary>A process of ours.</summary>
    Own,

    /// <summary>A process of ours or somebody else: only a check of the rules shows.</summary>
    Unknown,

    /// <summary>Not known before the apply that is under way has ended.</summary>
    Undecided,
}
