namespace KubeProxySharp.Proxy.Host;

/// <summary>The exit codes of the program (docs/usage.md).</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Not done: bad flags, bad input, or a fault; standard error says which.</summary>
    public const int Failure = 1;

    /// <summary>Done, and something was found: what should not be so, or what would change; only commands that look for such things.</summary>
    public const int Findings = 2;

    /// <summary>A plan was made that goes beyond what the caller allows.</summary>
    public const int Refused = 3;

    /// <summary>Done, and what was asked cannot be told from the input; only commands that say so.</summary>
    public const int CannotTell = 3;

    /// <summary>Done in two ways, and they disagree.</summary>
    public const int Disagreement = 3;
}
