using System.CommandLine;
using System.CommandLine.Invocation;
using KubeProxySharp.Proxy.Commands.Bundle;
using KubeProxySharp.Proxy.Commands.Compare;
using KubeProxySharp.Proxy.Commands.Completion;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Plan;
using KubeProxySharp.Proxy.Commands.Replay;
using KubeProxySharp.Proxy.Commands.Status;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands;

/// <summary>The command line of the program.</summary>
internal static class ProgramCommandLine
{
    private const int ShortCommitLength = 12;

    /// <summary>Version of the program and of the kube-proxy whose rules it makes, the commit if it is known, and the runtime.</summary>
    public static string VersionText { get; } = FormatVersion(BuildInformation.Version, BuildInformation.Commit, BuildInformation.Runtime);

    public static RootCommand Create()
    {
        RootCommand root = new("KubeProxySharp: Kubernetes service rules for iptables and nftables, to run, to print and to explain.");
        foreach (Option option in root.Options)
        {
            if (option is VersionOption)
            {
                option.Action = new PrintVersion();
            }
        }

        root.Subcommands.Add(DryRunCommandLine.Create());
        root.Subcommands.Add(VerifyCommandLine.Create());
        root.Subcommands.Add(PlanCommandLine.Create());
        root.Subcommands.Add(CompareCommandLine.Create());
        root.Subcommands.Add(ExplainCommandLine.Create());
        root.Subcommands.Add(StatusCommandLine.Create());
        root.Subcommands.Add(BundleCommandLine.Create());
        root.Subcommands.Add(ReplayCommandLine.Create());

        // Listed here for the help; its flags are kube-proxy's and never come this far (ProgramArguments).
        root.Subcommands.Add(new Command(ProgramArguments.RunCommandName, "Runs as the kube-proxy of this node, with kube-proxy's flags; run --help lists them."));
        root.Subcommands.Add(CompletionCommandLine.CreateCompletion(root, ProgramArguments.RunCommandName));
        root.Subcommands.Add(CompletionCommandLine.CreateManual(root, ProgramArguments.RunCommandName));
        return root;
    }

    /// <summary>One line of text; an empty <paramref name="commit"/> is left out, a long one is abbreviated.</summary>
    internal static string FormatVersion(string version, string commit, string runtime) =>
        $"kube-proxy-sharp {version} (rules of kube-proxy {BuildInformation.KubernetesMajor}.{BuildInformation.KubernetesMinor})"
        + (commit.Length == 0 ? "" : $", commit {commit[..Math.Min(commit.Length, ShortCommitLength)]}") + $", {runtime}";

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(VersionText);
            return ExitCode.Success;
        }
    }
}
