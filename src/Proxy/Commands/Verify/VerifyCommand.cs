using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>
/// <c>verify</c>: compares flows and rules of a node, or what was saved of them, with what the cluster asks for. It changes
/// nothing.
/// </summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class VerifyCommand(CommandStreams streams, AgentHost host)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(VerifyOptions options, CancellationToken stop) =>
        ReportRun.RunAsync(streams, host.Time, progress => MakeAsync(options, progress, stop), report => Write(report, options));

    private int Write(VerifyReport report, VerifyOptions options)
    {
        if (options.IsJson)
        {
            using Stream output = streams.OpenOutput();
            VerifyJson.Write(report, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => new VerifyText(text, streams.IsOutputOnTerminal).Write(report));
        }

        return report.Findings == 0 ? ExitCode.Success : ExitCode.Findings;
    }

    private async Task<VerifyReport?> MakeAsync(VerifyOptions options, Progress progress, CancellationToken stop)
    {
        progress.Step("reading the cluster's objects");
        if (await new ClusterReader(streams, host).ReadAsync(options, options.IsLive, stop) is not { } cluster)
        {
            return null;
        }

        VerifyReport report = new() { NodeName = cluster.NodeName, Mode = cluster.Mode };
        if (options.ChecksFlows)
        {
            progress.Step("reading flows");
            FlowListing flows = new(cluster, options.Families, host.Time, streams.Errors);
            report.Flows = options.ConntrackPath is null ? flows.ReadLive() : flows.ReadFile(options.ConntrackPath);
        }

        if (options.ChecksRules)
        {
            progress.Step("reading rules");
            SavedRules live = options.IsLive
                ? await RuleSource.ReadLiveAsync(host.Runner, cluster.Mode, IptablesVariants.Auto, options.Families, stop)
                : new SavedRuleReader(options.Families, streams.OpenInput) { IpsetPath = options.IpsetPath }.Read(options.RuleFiles);
            live.WriteNotes(streams.Errors);
            live.WriteMissingFamilies(options.Families, cluster.Model, "those are not verified", streams.Errors);
            progress.Step("comparing rules");
            report.Rules = new();
            RuleComparison comparison = new(cluster.Model, cluster.Mode, cluster.NodeAddresses);
            foreach (Ruleset rules in live.Families)
            {
                if (cluster.Mode == ProxyMode.Iptables)
                {
                    live.RefuseOpaque(rules, onlyKubeProxys: true);
                }

                comparison.Compare(rules, report.Rules, stop);
            }
        }

        return report;
    }
}
