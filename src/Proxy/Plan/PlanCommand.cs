using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Plan;

/// <summary><c>plan</c>: tells what a sync would change on a node. It changes nothing.</summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class PlanCommand(CommandStreams streams, AgentHost host)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(PlanOptions options, CancellationToken stop)
    {
        try
        {
            PlanReport? report;
            using (Progress progress = new(streams.Errors, streams.AreErrorsOnTerminal, host.Time))
            {
                report = await MakeAsync(options, progress, stop);
            }

            return report is null ? ExitCode.Failure : Write(report, options);
        }
        catch (Exception e) when (e is InputException or ConfigurationException or ConnectionException or ConntrackException or IOException or UnauthorizedAccessException)
        {
            streams.Errors.WriteLine($"error: {e.Message}");
            return ExitCode.Failure;
        }
    }

    private int Write(PlanReport report, PlanOptions options)
    {
        using (Stream output = streams.OpenOutput())
        {
            if (options.IsJson)
            {
                PlanJson.Write(report, output);
            }
            else
            {
                using StreamWriter text = new(output) { NewLine = "\n" };
                new PlanText(text, streams.IsOutputOnTerminal).Write(report);
            }
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
        PresentRules present = new(cluster, older, options, host.Runner);
        RulePlan plan = new(cluster.NodeAddresses, new(cluster.Model), older is null ? null : new PortFinder(older.Model));
        foreach (IpFamily family in options.Families)
        {
            Ruleset wanted = RenderedRules.Of(cluster.Model[family], cluster.Mode);
            (Ruleset rules, string mode) = await present.ReadAsync(family, wanted, stop);
            report.TakenOverMode = mode == cluster.Mode ? report.TakenOverMode : mode;
            progress.Step("comparing rules");
            plan.Compare(rules, wanted, report, stop);
            report.Touches[family] = RuleInventory.Difference(rules, wanted);
        }

        if (options.ConntrackPath is not null || options.IsLive)
        {
            progress.Step("reading flows");
            report.Flows = Survey(cluster, options);
        }

        if (options.MostRemovedPercent is { } most && report.RemovedPercent > most)
        {
            report.Refusal = FormattableString.Invariant(
                $"{report.LoseEndpoints} of {report.LeadToEndpoints} destinations ({report.RemovedPercent:0.#} %) would not lead to endpoints any more; --max-removed allows {most:0.#} %");
        }

        return report;
    }

    private FlowFindings Survey(ClusterView cluster, PlanOptions options)
    {
        FlowSurvey survey = new(cluster.Model, cluster.NodeAddresses, options.Families, host.Time.GetUtcNow());
        if (options.ConntrackPath is not null)
        {
            using FileStream file = File.OpenRead(options.ConntrackPath);
            foreach (ConntrackEntry flow in ConntrackText.Read(file))
            {
                survey.Add(flow);
            }

            return survey.Finish();
        }

        using ConntrackTable table = ConntrackTable.Open();
        using ConntrackDump dump = table.Dump(ConntrackFilter.All);
        while (dump.MoveNext())
        {
            survey.Add(dump.Current);
        }

        return survey.Finish();
    }
}
