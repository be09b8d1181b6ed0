using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Prints the usual help of a command and examples after it.</summary>
/// <param name="usual">What prints the usual help.</param>
/// <param name="examples">The text after it.</param>
internal sealed class HelpWithExamples(SynchronousCommandLineAction usual, string examples) : SynchronousCommandLineAction
{
    /// <summary>The text after the usual help.</summary>
    public string Examples => examples;

    /// <summary>Gives a command a help option with examples.</summary>
    public static void AddTo(Command command, string examples)
    {
        HelpOption help = new();
        help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!, examples);
        command.Options.Add(help);
    }

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output.WriteLine(examples);
        return exitCode;
    }
}
