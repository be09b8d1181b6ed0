namespace KubeProxySharp.Proxy.Host;

/// <summary>The exit codes of the program (docs/usage.md).</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Failed: wrong flags, wrong input or a fault; standard error has the reason.</summary>
    public const int Failure = 1;

    /// <summary>Done, with findings: faults or changes. Only of commands that look for these.</summary>
    public const int Findings = 2;

    /// <summary>The plan exceeds a limit that the caller set.</summary>
    public const int Refused = 3;

    /// <summary>Done, but the input does not determine the answer. Only of commands that document it.</summary>
    public const int CannotTell = 3;

    /// <summary>Done by rules and by the model, with different results.</summary>
    public const int Disagreement = 3;
}
