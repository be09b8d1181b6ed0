namespace KubeProxySharp.Proxy.Host;

/// <summary>The result of a child process.</summary>
/// <param name="End">How it ended.</param>
/// <param name="ExitCode">Its exit code; 128 and the signal's number when a signal ended it; -1 when it never ran.</param>
/// <param name="Output">The beginning of what it wrote to its standard output, unless that went elsewhere.</param>
/// <param name="Error">The beginning of what it wrote to its standard error, or why it could not be started.</param>
internal sealed record ProcessResult(ProcessEnd End, int ExitCode, string Output, string Error)
{
    /// <summary>Whether it ended by itself with 0.</summary>
    public bool IsSuccess => End == ProcessEnd.Exited && ExitCode == 0;

    /// <summary>Describes how it ended, for messages: <c>exit code 2: ...</c>.</summary>
    public string Describe(string tool) => End switch
    {
        ProcessEnd.Exited => $"{tool} ended with exit code {ExitCode}: {Error.Trim()}",
        ProcessEnd.Signalled => $"{tool} was killed by signal {ExitCode - 128}: {Error.Trim()}",
        ProcessEnd.TimedOut => $"{tool} was killed because it took too long: {Error.Trim()}",
        _ => Error,
    };
}

/// <summary>How a child process ended.</summary>
internal enum ProcessEnd
{
    /// <summary>It ended by itself, with an exit code.</summary>
    Exited,

    /// <summary>A signal from outside this program ended it.</summary>
    Signalled,

    /// <summary>It took longer than its limit and was killed.</summary>
    TimedOut,

    /// <summary>It could not be started: the program is missing, or the system has no room for it.</summary>
    NotStarted,
}
