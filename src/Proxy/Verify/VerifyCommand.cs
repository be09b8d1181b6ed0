using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent;
using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Run;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Verify;

/// <summary>
/// <c>verify</c>: compares flows and rules of a node, or what was saved of them, with what the cluster asks for. It changes
/// nothing.
/// </summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class VerifyCommand(VerifyStreams streams, AgentHost host)
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
        KubeProxyConfiguration configuration = ReadConfiguration(options);
        string mode = options.Mode ?? configuration.EffectiveMode;
        if (mode is not (ProxyMode.Iptables or ProxyMode.Nftables))
        {
            throw new InputException($"mode {mode} cannot be verified; give --mode iptables or --mode nftables");
        }

        progress.Step("reading the cluster's objects");
        if (await ReadObjectsAsync(options, configuration, stop) is not { } objects)
        {
            return null;
        }

        ClusterInput cluster = new(objects, configuration, mode);
        string nodeName = cluster.FindNodeName(NodeNameOf(options, configuration));
        IReadOnlyList<IpAddress>? addresses = options.NodeAddresses ?? (options.IsLive ? InterfaceAddresses.Read() : null);
        RuleModelSnapshot model = cluster.Build(nodeName, addresses, new List<Problem>());
        IReadOnlyList<IpAddress> local = addresses ?? cluster.AddressesOf(nodeName);
        VerifyReport report = new() { NodeName = nodeName, Mode = mode };
        if (options.ChecksFlows)
        {
            progress.Step("reading flows");
            report.Flows = Survey(model, local, options);
        }

        if (options.ChecksRules)
        {
            progress.Step("reading rules");
            IReadOnlyList<Ruleset> live = options.IsLive
                ? await RuleSource.ReadLiveAsync(host.Runner, mode, IptablesVariants.Auto, options.Families, stop)
                : RuleSource.ReadFiles(options.RulePaths, options.Families);
            progress.Step("comparing rules");
            report.Rules = new();
            RuleComparison comparison = new(model, mode, local);
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

    private async Task<ManifestObjects?> ReadObjectsAsync(VerifyOptions options, KubeProxyConfiguration configuration, CancellationToken stop)
    {
        if (options.Paths.Count == 0)
        {
            string kubeconfig = options.Kubeconfig ?? configuration.ClientConnection.Kubeconfig;
            return await new ClusterListing(host.Time).ReadAsync(kubeconfig, NodeNameOf(options, configuration)!, stop); // never null without manifests
        }

        ManifestReader reader = new();
        ManifestFiles.Read(options.Paths, options.IsRecursive, streams.OpenInput, reader);
        foreach (ManifestMessage message in reader.Messages)
        {
            streams.Errors.WriteLine(message);
        }

        if (reader.ErrorCount != 0)
        {
            streams.Errors.WriteLine("error: the manifests have errors, so nothing is verified");
            return null;
        }

        return reader.Objects;
    }

    /// <summary>With an API server the node is this one unless another is named; with manifests it is theirs.</summary>
    private string? NodeNameOf(VerifyOptions options, KubeProxyConfiguration configuration) => options.Paths.Count != 0
        ? options.NodeName
        : NodeName.Resolve(options.NodeName ?? configuration.HostnameOverride, host.HostName);

    private KubeProxyConfiguration ReadConfiguration(VerifyOptions options)
    {
        LoadedConfiguration loaded = options.ConfigPath is null ? new(new KubeProxyConfiguration(), []) : ConfigurationReader.ReadFile(options.ConfigPath);
        foreach (string problem in loaded.StrictProblems)
        {
            streams.Errors.WriteLine($"{options.ConfigPath}: warning: {problem}; ignored");
        }

        ConfigurationValidator.ThrowIfInvalid(loaded.Value);
        return loaded.Value;
    }
}
