using System.CommandLine;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Completion;

/// <summary>The commands <c>completion</c> and <c>man</c>, which describe the other commands to shells and to man(1).</summary>
internal static class CompletionCommandLine
{
    private const string CompletionExamples =
        """
        Examples:
          # this shell
          source <(kube-proxy-sharp completion bash)

          # every shell of this machine
          kube-proxy-sharp completion bash > /etc/bash_completion.d/kube-proxy-sharp
          kube-proxy-sharp completion zsh > /usr/local/share/zsh/site-functions/_kube-proxy-sharp
          kube-proxy-sharp completion fish > /etc/fish/completions/kube-proxy-sharp.fish

        Exit codes: 0 printed; 1 a wrong command line.
        """;

    private const string ManualExamples =
        """
        Examples:
          kube-proxy-sharp man | man -l -
          kube-proxy-sharp man > /usr/local/share/man/man8/kube-proxy-sharp.8

        Exit codes: 0 printed; 1 a wrong command line.
        """;

    /// <summary>Makes the command <c>completion</c>.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="agent">The one of them that has kube-proxy's flags.</param>
    public static Command CreateCompletion(RootCommand root, string agent)
    {
        Argument<string> shell = new("SHELL") { Description = "The shell." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Command command = new("completion", "Prints a script that completes commands, options and values in a shell.") { shell };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            IReadOnlyList<CommandPage> commands = CommandPage.Of(root, agent);
            switch (parsed.GetValue(shell))
            {
                case "bash":
                    BashCompletion.Write(commands, output);
                    break;
                case "zsh":
                    ZshCompletion.Write(commands, output);
                    break;
                default:
                    FishCompletion.Write(commands, output);
                    break;
            }

            return ExitCode.Success;
        });
        HelpWithExamples.AddTo(command, CompletionExamples);
        return command;
    }

    /// <summary>Makes the command <c>man</c>.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="agent">The one of them that has kube-proxy's flags.</param>
    public static Command CreateManual(RootCommand root, string agent)
    {
        Command command = new("man", "Prints the manual page, in the format of man(7).");
        command.SetAction(parsed =>
        {
            ManualPage.Write(CommandPage.Of(root, agent), $"kube-proxy-sharp {BuildInformation.Version}", parsed.InvocationConfiguration.Output);
            return ExitCode.Success;
        });
        HelpWithExamples.AddTo(command, ManualExamples);
        return command;
    }
}
