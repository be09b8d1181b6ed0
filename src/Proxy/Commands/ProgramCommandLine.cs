using System.CommandLine;
using System.CommandLine.Invocation;
using KubeProxySharp.Proxy.Commands.Compare;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Plan;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands;

/// <summary>The command line of the program.</summary>
internal static class ProgramCommandLine
{
    /// <summary>Version of the program, and of the kube-proxy whose rules it makes.</summary>
    public static string VersionText => $"kube-proxy-sharp {BuildInformation.Version} (rules of kube-proxy 1.36)";

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

        // Listed here for the help; its flags are kube-proxy's and never come this far (ProgramArguments).
        root.Subcommands.Add(new Command(ProgramArguments.RunCommandName, "Runs as the kube-proxy of this node, with kube-proxy's flags; run --help lists them."));
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(VersionText);
            return ExitCode.Success;
        }
    }
}
