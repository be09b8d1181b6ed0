namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>How a transaction ended.</summary>
internal enum ApplyOutcome
{
    /// <summary>The kernel has the rules.</summary>
    Applied,

    /// <summary>The tool or the kernel refused what the rules say; trying the same again is of no use.</summary>
    Refused,

    /// <summary>The tool could not do its work: lock held, killed, missing, timed out, out of memory. Trying again may help.</summary>
    Unavailable,
}
