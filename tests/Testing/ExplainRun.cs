using System.Text;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Testing;

/// <summary>Runs <c>explain</c> with a command line, in this process.</summary>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record ExplainRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs it; paths that begin with <c>tests/</c> are those of the repository.</summary>
    public static async Task<ExplainRun> WithAsync(params string[] arguments)
    {
        MemoryStream output = new();
        StringWriter errors = new() { NewLine = "\n" };
        CommandStreams streams = new(() => Stream.Null, () => output, errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        string[] placed = [.. arguments.Select(argument => argument.StartsWith("tests/", StringComparison.Ordinal) ? RepositoryRoot.Combine(argument.Split('/')) : argument)];
        int exitCode = await ExplainCommandLine.Create(streams).Parse(placed).InvokeAsync();
        return new(exitCode, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }
}
