namespace KubeProxySharp.Proxy.Commands;

/// <summary>
/// Tells which command the arguments are for. kube-proxy's own flags stand for <c>run</c>, so that the program can take
/// the place of kube-proxy in a manifest.
/// </summary>
/// <param name="IsRun">Whether to be a kube-proxy; otherwise the arguments are for the other commands.</param>
/// <param name="Arguments">The arguments, without <c>run</c>.</param>
/// <param name="ProgramName">What help and messages call the program.</param>
internal sealed record ProgramArguments(bool IsRun, IReadOnlyList<string> Arguments, string ProgramName)
{
    /// <summary>How a command is called: <c>kube-proxy-sharp verify</c>, but <c>kubectl svcpath</c> under that name.</summary>
    /// <param name="command">The name of the command.</param>
    public string CallOf(string command) => ProgramName == PluginCall ? PluginCall : $"{ProgramName} {command}";

    /// <summary>The command that keeps the rules of a node.</summary>
    public const string RunCommandName = "run";

    private const string KubeProxy = "kube-proxy";
    private const string OwnName = "kube-proxy-sharp";

    /// <summary>The name by which kubectl finds the plugin <c>kubectl svcpath</c>, which is <c>explain</c>.</summary>
    private const string KubectlPlugin = "kubectl-svcpath";

    private const string PluginCommandName = "explain";
    private const string PluginCall = "kubectl svcpath";

    /// <summary>Reads the arguments.</summary>
    /// <param name="calledAs">How the program was called: the path of its file, or of a link to it.</param>
    /// <param name="arguments">The arguments after it.</param>
    /// <param name="commands">The names of the other commands.</param>
    public static ProgramArguments From(string calledAs, IReadOnlyList<string> arguments, IReadOnlyCollection<string> commands)
    {
        if (Path.GetFileName(calledAs) is KubectlPlugin)
        {
            return arguments is ["--version"] ? new(false, arguments, OwnName) : new(false, [PluginCommandName, .. arguments], PluginCall);
        }

        string first = arguments.Count == 0 ? "" : arguments[0];
        if (first is RunCommandName)
        {
            return new(true, [.. arguments.Skip(1)], $"{OwnName} {RunCommandName}");
        }

        if (commands.Contains(first, StringComparer.Ordinal))
        {
            return new(false, arguments, OwnName);
        }

        if (Path.GetFileName(calledAs) is KubeProxy)
        {
            return new(true, arguments, KubeProxy);
        }

        bool isForProgram = first is "-h" or "-?" or "--help" or "--version";
        return first.StartsWith('-') && !isForProgram ? new(true, arguments, OwnName) : new(false, arguments, OwnName);
    }

    /// <summary>How the program was called; the runtime itself only knows the file behind a link.</summary>
    /// <param name="commandLinePath">The command line as the kernel has it: texts that end in zero bytes.</param>
    public static string ReadCalledAs(string commandLinePath = "/proc/self/cmdline")
    {
        if (!File.Exists(commandLinePath))
        {
            // Without /proc, links to the program are not recognised.
            return Environment.ProcessPath ?? OwnName;
        }

        Span<byte> start = stackalloc byte[4096];
        using FileStream file = File.OpenRead(commandLinePath);
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        int end = start.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(end < 0 ? start : start[..end]);
    }
}
