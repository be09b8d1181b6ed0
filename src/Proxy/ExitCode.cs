namespace KubeProxySharp.Proxy;

/// <summary>The exit codes of the program (docs/usage.md).</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Not done: bad flags, bad input, or a fault; standard error says which.</summary>
    public const int Failure = 1;

    /// <summary>Done, and something was found that should not be so; only commands that look for such things.</summary>
    public const int Findings = 2;

    /// <summary>Done in two ways, and they disagree.</summary>
    public const int Disagreement = 3;
}
