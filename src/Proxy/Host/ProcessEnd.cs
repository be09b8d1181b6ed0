namespace KubeProxySharp.Proxy.Host;

/// <summary>How a child process ended.</summary>
internal enum ProcessEnd
{
    /// <summary>It ended by itself, with an exit code.</summary>
    Exited,

    /// <summary>A signal ended it; nobody here sent that.</summary>
    Signalled,

    /// <summary>It took longer than its limit and was killed.</summary>
    TimedOut,

    /// <summary>It could not be started: the program is missing, or the system has no room for it.</summary>
    NotStarted,
}
