using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Verify;

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
    public async Task<int> RunAsync(VerifyOptions options, CancellationToken stop)
    {
        try
        {
            VerifyReport? report;
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

    private int Write(VerifyReport report, VerifyOptions options)
    {
        using Stream output = streams.OpenOutput();
        if (options.IsJson)
        {
            VerifyJson.Write(report, output);
        }
        else
        {
            using StreamWriter text = new(output) { NewLine = "\n" };
            new VerifyText(text, streams.IsOutputOnTerminal).Write(report);
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

        RuleModelSnapshot model = cluster.Model;
        IReadOnlyList<IpAddress> local = cluster.NodeAddresses;
        VerifyReport report = new() { NodeName = cluster.NodeName, Mode = cluster.Mode };
        if (options.ChecksFlows)
        {
            progress.Step("reading flows");
            report.Flows = Survey(model, local, options);
        }

        if (options.ChecksRules)
        {
            progress.Step("reading rules");
            IReadOnlyList<Ruleset> live = options.IsLive
                ? await RuleSource.ReadLiveAsync(host.Runner, cluster.Mode, IptablesVariants.Auto, options.Families, stop)
                : RuleSource.ReadFiles(options.RulePaths, options.Families);
            progress.Step("comparing rules");
            report.Rules = new();
            RuleComparison comparison = new(model, cluster.Mode, local);
            foreach (Ruleset rules in live)
            {
                comparison.Compare(rules, report.Rules, stop);
            }
        }

        return report;
    }

    private FlowFindings Survey(RuleModelSnapshot model, IReadOnlyList<IpAddress> local, VerifyOptions options)
    {
        DateTimeOffset now = options.ConntrackPath is null ? host.Time.GetUtcNow() : new(File.GetLastWriteTimeUtc(options.ConntrackPath));
        FlowSurvey survey = new(model, local, options.Families, now);
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
        for (int attempt = 1; !TryList(table, survey); attempt++)
        {
            if (attempt == FlowCleanUp.MaxAttempts)
            {
                streams.Errors.WriteLine("warning: the kernel interrupted the listing of flows each time, so some may be missing");
                break;
            }

            survey = new(model, local, options.Families, now);
        }

        return survey.Finish();
    }

    private static bool TryList(ConntrackTable table, FlowSurvey survey)
    {
        using ConntrackDump dump = table.Dump(ConntrackFilter.All);
        while (dump.MoveNext())
        {
            survey.Add(dump.Current);
        }

        return !dump.IsInterrupted;
    }
}
