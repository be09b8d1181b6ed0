namespace KubeProxySharp.Proxy.Host;

/// <summary>A call of a tool.</summary>
/// <param name="Tool">Name of the program, looked for in PATH and in the usual directories of system programs.</param>
/// <param name="Arguments">Its arguments; no shell sees them.</param>
internal sealed record ToolCall(string Tool, params string[] Arguments)
{
    /// <summary>Time limit of a call unless it says otherwise; spec 5.1 gives iptables 5 minutes.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether one more argument can be the name of a file that the tool reads instead of its standard input, as
    /// iptables-restore does.
    /// </summary>
    public bool TakesFile { get; init; }

    /// <summary>Takes the lines of the tool's standard output as they come; null to keep its beginning.</summary>
    public LineHandler? Lines { get; init; }

    /// <summary>Takes the tool's standard output as it is, where a line may be of any length; null for the above.</summary>
    public Stream? Output { get; init; }

    /// <summary>How long the tool may take.</summary>
    public TimeSpan Limit { get; init; } = DefaultLimit;
}
