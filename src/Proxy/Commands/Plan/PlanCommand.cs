using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary><c>plan</c>: reports what a sync would change on a node. It changes nothing.</summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class PlanCommand(CommandStreams streams, AgentHost host)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(PlanOptions options, CancellationToken stop) =>
        ReportRun.RunAsync(streams, host.Time, progress => MakeAsync(options, progress, stop), report => Write(report, options));

    private int Write(PlanReport report, PlanOptions options)
    {
        if (options.IsJson)
        {
            using Stream output = streams.OpenOutput();
            PlanJson.Write(report, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => new PlanText(text, streams.IsOutputOnTerminal).Write(report));
        }

        if (report.Refusal.Length != 0)
        {
            streams.Errors.WriteLine($"refused: {report.Refusal}");
            return ExitCode.Refused;
        }

        return report.HasChanges ? ExitCode.Findings : ExitCode.Success;
    }

    private async Task<PlanReport?> MakeAsync(PlanOptions options, Progress progress, CancellationToken stop)
    {
        progress.Step("reading the cluster's objects");
        ClusterReader reader = new(streams, host);
        if (await reader.ReadAsync(options, options.IsLive, stop) is not { } cluster)
        {
            return null;
        }

        ClusterView? older = null;
        if (options.FromPaths.Count != 0)
        {
            older = await reader.ReadAsync(options with { Paths = options.FromPaths, NodeName = options.NodeName ?? cluster.NodeName }, isThisNode: false, stop);
            if (older is null)
            {
                return null;
            }
        }

        progress.Step("reading rules");
        PlanReport report = new() { NodeName = cluster.NodeName, Mode = cluster.Mode };
        PresentRules present = new(cluster, older, options, host.Runner, streams);
        ChangeFinder changes = new(cluster.NodeAddresses, new(cluster.Model), older is null ? null : new PortFinder(older.Model));
        foreach (IpFamily family in options.Families)
        {
            (Ruleset rules, string mode) = await present.ReadAsync(family, stop);
            Ruleset wanted = RenderedRules.Of(cluster.Model[family], cluster.Mode, NftablesOptions.Default with { HasServiceCounters = PresentRules.CountConnections(rules) });
            report.TakenOverMode = mode == cluster.Mode ? report.TakenOverMode : mode;
            progress.Step("comparing rules");
            changes.Find(rules, wanted, report, stop);
            report.Touches[family] = RuleInventory.Difference(rules, wanted);
        }

        if (options.ConntrackPath is not null || options.IsLive)
        {
            progress.Step("reading flows");
            FlowListing flows = new(cluster, options.Families, host.Time, streams.Errors);
            report.Flows = options.ConntrackPath is null ? flows.ReadLive() : flows.ReadFile(options.ConntrackPath);
        }

        if (options.MostRemovedPercent is { } most && report.RemovedPercent > most)
        {
            report.Refusal = FormattableString.Invariant(
                $"{report.LoseEndpoints} of {report.LeadToEndpoints} destinations ({report.RemovedPercent:0.#} %) would not lead to endpoints any more; --max-removed allows {most:0.#} %");
        }

        return report;
    }
}
