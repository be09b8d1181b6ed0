using System.CommandLine;
using System.CommandLine.Invocation;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>
/// Runs a command line. One that cannot be parsed is answered on the error output alone: with the error and what prints the help,
/// because an error below a page of help is not seen, and standard output is for results.
/// </summary>
internal static class UsageError
{
    /// <summary>Runs it, or reports why it cannot be parsed.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="callOf">How a command of that name is called.</param>
    /// <param name="configuration">Where the command writes.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> InvokeAsync(ParseResult parsed, Func<string, string> callOf, InvocationConfiguration configuration)
    {
        if (parsed.Action is not ParseErrorAction report || parsed.CommandResult.Command is RootCommand)
        {
            return await parsed.InvokeAsync(configuration);
        }

        report.ShowHelp = false;
        int exitCode = await parsed.InvokeAsync(new() { Output = configuration.Error, Error = configuration.Error });
        await configuration.Error.WriteLineAsync($"'{callOf(parsed.CommandResult.Command.Name)} --help' lists the options.");
        return exitCode;
    }
}
