using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Explain.Legs;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// <c>explain</c>: where a packet goes and why, from manifests, from saved rules, or from the rules of this node. It
/// changes nothing.
/// </summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class ExplainCommand(CommandStreams streams, AgentHost host)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(ExplainOptions options, CancellationToken stop) =>
        options.Then.Count != 0
            ? ReportRun.RunAsync(streams, host.Time, progress => FollowLegsAsync(options, progress, stop), chain => Write(chain, options))
            : options.IsOfAllNodes
            ? ReportRun.RunAsync(streams, host.Time, progress => new AllNodes(streams, host).FollowAsync(options, InputOf(options), progress, stop), table => Write(table, options))
            : ReportRun.RunAsync(streams, host.Time, progress => MakeAsync(options, progress, stop), answer => Write(answer.Explanation, options));

    private int Write(Explanation explanation, ExplainOptions options)
    {
        if (options.Format == ExplainFormat.Json)
        {
            using Stream output = streams.OpenOutput();
            ExplainJson.Write(explanation, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => Write(explanation, options, text));
        }

        ReportDisagreements(explanation, options);
        return explanation.HasDisagreement ? ExitCode.Disagreement
            : explanation.Walks.Any(walk => options.FailOn.Any(walk.Has)) ? ExitCode.Findings
            : ExitCode.Success;
    }

    private int Write(LegChain chain, ExplainOptions options)
    {
        if (options.Format == ExplainFormat.Json)
        {
            using Stream output = streams.OpenOutput();
            ExplainJson.Write(chain, output);
        }
        else if (options.Format == ExplainFormat.Html)
        {
            ReportRun.WriteText(streams, text => LegText.WriteHtml(chain, options, text));
        }
        else
        {
            ReportRun.WriteText(streams, text => LegText.Write(chain, options, streams.IsOutputOnTerminal, text, streams.OutputWidth));
        }

        foreach (Explanation answer in chain.All)
        {
            ReportDisagreements(answer, options);
        }

        return chain.All.Any(static answer => answer.HasDisagreement) ? ExitCode.Disagreement
            : options.FailOn.Any(chain.Has) ? ExitCode.Findings
            : ExitCode.Success;
    }

    private void ReportDisagreements(Explanation explanation, ExplainOptions options)
    {
        foreach (ExplainedWalk walk in explanation.Walks.Where(walk => walk.Disagreements.Count != 0))
        {
            streams.Errors.WriteLine(options.RuleFiles.Count == 0
                ? $"error: the {walk.Title} rules and the model that they are made from disagree; this is a fault of this program, please report it with the input:"
                : $"error: {walk.Title} do not do what the manifests ask for:");
            foreach (string difference in walk.Disagreements)
            {
                streams.Errors.WriteLine($"  {difference}");
            }
        }
    }

    private int Write(NodeTable table, ExplainOptions options)
    {
        if (options.Format == ExplainFormat.Json)
        {
            using Stream output = streams.OpenOutput();
            NodeTableJson.Write(table, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => NodeTableText.Write(table, text));
        }

        return table.Fates.Any(static fate => fate.Walk.Disagreements.Count != 0) ? ExitCode.Disagreement
            : table.Fates.Any(fate => options.FailOn.Any(fate.Walk.Has)) ? ExitCode.Findings
            : ExitCode.Success;
    }

    private void Write(Explanation explanation, ExplainOptions options, TextWriter text)
    {
        switch (options.Format)
        {
            case ExplainFormat.Dot:
                DotWriter.Write(explanation, options.ShowsAll, text);
                break;
            case ExplainFormat.Svg:
                SvgWriter.Write(explanation, options.ShowsAll, text);
                break;
            case ExplainFormat.Html:
                HtmlWriter.Write(explanation, options.ShowsAll, text);
                break;
            default:
                new ExplainText(text, streams.IsOutputOnTerminal, options.ShowsAll, streams.OutputWidth).Write(explanation);
                break;
        }
    }

    private async Task<LegChain?> FollowLegsAsync(ExplainOptions options, Progress progress, CancellationToken stop)
    {
        LegFollower.Refuse(options, host.Environment);
        return await MakeAsync(options, progress, stop) is not { } first ? null
            : first.Cluster is { } cluster ? new LegFollower(options, cluster, first.Networks).Follow(first.Explanation, progress, stop)
            : throw new InputException("--then: give manifests (-f) or an API server (--kubeconfig)");
    }

    private async Task<Answer?> MakeAsync(ExplainOptions options, Progress progress, CancellationToken stop)
    {
        _ = PacketSource.Parse(options.From);
        _ = PacketDestination.Parse(options.To);
        ClusterView? cluster = null;
        bool isBoth = options.Mode == ExplainOptions.BothModes;
        if (options.HasCluster(host.Environment))
        {
            progress.Step("reading the cluster's objects");
            cluster = await new ClusterReader(streams, host).ReadAsync(InputOf(options), isThisNode: false, stop);
            if (cluster is null)
            {
                return null;
            }
        }

        bool isLive = cluster is null && options.RuleFiles.Count == 0;
        ClusterNetworks networks = await ReadNetworksAsync(options, cluster, isLive, stop);
        cluster = WithAddresses(cluster, options, networks);
        IReadOnlyList<IpAddress> addresses = cluster?.NodeAddresses ?? options.NodeAddresses ?? (isLive ? InterfaceAddresses.Read() : networks.Here?.Addresses ?? []);
        NodeRoute route = new(isLive, addresses, networks.Here);
        PacketQuestion question = new QuestionReader(options, cluster, addresses, route, networks.Here).Read();
        if (options.RuleFiles.Count == 0)
        {
            RefuseMissingSlices(cluster, question);
        }

        EndpointNames names = cluster is null ? new() : new(cluster, question.Family);
        WalkExplainer explainer = ExplainerOf(cluster?.Mode ?? ProxyMode.Iptables);
        progress.Step("following the packet");
        List<ExplainedWalk> walks = [];
        if (options.RuleFiles.Count != 0)
        {
            SavedRules saved = ReadFiles(options, question);
            IpvsTable? ipvs = options.IpvsPath is { } path ? IpvsTable.Read(path, streams.OpenInput) : null;
            bool lacksIpvs = ipvs is null && IpvsMode.IsOf(saved.Families[0]);
            string[] remarks = lacksIpvs ? [IpvsMode.Notice] : ipvs is null ? [] : [IpvsMode.Describe(ipvs, question)];
            question = question with { Assumptions = [.. question.Assumptions, .. saved.Notes, .. remarks] };
            ExplainedWalk walk = ExplainFiles(options, cluster, question, saved, explainer, ipvs is null ? null : new(saved.Families[0], ipvs, addresses));
            walks.Add(lacksIpvs ? IpvsMode.MarkUndecided(walk) : walk);
        }
        else if (cluster is not null)
        {
            foreach (string mode in isBoth ? [ProxyMode.Iptables, ProxyMode.Nftables] : (string[])[cluster.Mode])
            {
                FamilyRules model = ModelOf(cluster, mode)[question.Family];
                walks.Add(ExplainerOf(mode).Explain(mode, RenderedRules.Of(model, mode), model, DialectOf(mode)));
            }

            if (PodEgress.IsLeftToOthers(question, cluster, names, walks))
            {
                question = question with { Assumptions = [.. question.Assumptions, PodEgress.Note] };
            }
        }
        else
        {
            IReadOnlyList<Ruleset> live = await new LiveRules(host.Runner, streams.Errors).ReadAsync(options.Mode, [question.Family], stop);
            walks.Add(explainer.Explain("the rules of this node", live[0], null, RuleDialect.Iptables));
        }

        return new(new(question, cluster?.NodeName ?? "", cluster is null ? walks : [.. walks.Select(walk => ReasonFields.Correct(walk, cluster))]), cluster, networks);

        WalkExplainer ExplainerOf(string mode) => new(question, new NodeView(addresses) { Network = networks.Here }, names, route)
        {
            Journeys = new(networks, names, new OtherNodes(cluster, networks, mode)),
        };
    }

    private async Task<ClusterNetworks> ReadNetworksAsync(ExplainOptions options, ClusterView? cluster, bool isLive, CancellationToken stop)
    {
        string nodeName = cluster?.NodeName ?? options.NodeName ?? "";
        Dictionary<string, NodeNetwork> networks = NodeNetworks.Read(options.Routes, nodeName, streams.OpenInput);
        if (isLive && !networks.ContainsKey(nodeName) && await NodeNetworks.ReadLiveAsync(host.Runner, streams.Errors, stop) is { } live)
        {
            networks.Add(nodeName, live);
        }

        foreach (string node in networks.Keys.Where(node => cluster is not null && node.Length != 0 && node != nodeName && !IsInInput(cluster, node)).Order(StringComparer.Ordinal))
        {
            streams.Errors.WriteLine($"warning: --routes {node}=FILE: no Node and no endpoint of the input is on {node}; is the name right?");
        }

        return new(networks, nodeName, cluster);
    }

    private static bool IsInInput(ClusterView cluster, string node) =>
        cluster.Objects.Nodes.ContainsKey(node)
        || cluster.Objects.Pods.Values.Any(pod => pod.NodeName == node)
        || cluster.Objects.EndpointSlices.Values.Any(slice => HasEndpointOn(slice, node));

    private static bool HasEndpointOn(EndpointSlice slice, string node)
    {
        foreach (SliceEndpoint endpoint in slice.Endpoints)
        {
            if (endpoint.NodeName == node)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A node has the addresses on its interfaces, and not only those that its Node object names.</summary>
    private static ClusterView? WithAddresses(ClusterView? cluster, ExplainOptions options, ClusterNetworks networks)
    {
        if (cluster is null || options.NodeAddresses is not null || networks.Here is not { } network)
        {
            return cluster;
        }

        IReadOnlyList<IpAddress> addresses = [.. cluster.NodeAddresses.Concat(network.Addresses).Distinct()];
        return addresses.Count == cluster.NodeAddresses.Count ? cluster : cluster with
        {
            NodeAddresses = addresses,
            Model = cluster.Input().Build(cluster.NodeName, addresses, []),
        };
    }

    private static ClusterOptions InputOf(ExplainOptions options) => options with
    {
        Mode = options.Mode == ExplainOptions.BothModes ? ProxyMode.Iptables : options.Mode,
        ChooseNode = objects => QuestionReader.NodeOfSource(options, objects),
        NeedsAllNodes = options.Then.Count != 0,
        AddNeeds = needs => QuestionReader.AddNeeds(options, needs),
    };

    /// <summary>
    /// Reads files. Rules that do not show their family are taken for IPv4, as the tools are when nobody says otherwise; a
    /// packet of IPv6 is not led through them.
    /// </summary>
    private SavedRules ReadFiles(ExplainOptions options, PacketQuestion question)
    {
        SavedRuleReader reader = new([question.Family], streams.OpenInput) { Assumed = question.Family == IpFamily.IPv4 ? IpFamily.IPv4 : null, IpsetPath = options.IpsetPath };
        SavedRules saved = reader.Read(options.RuleFiles);
        if (saved.Families is not [{ Tables.Count: > 0 } rules])
        {
            throw new InputException($"--rules: none of the files has {question.Family} rules, which the packet to {question.Dialled} would meet; give {(question.Family == IpFamily.IPv6 ? "what ip6tables-save prints" : "what iptables-save prints")}");
        }

        saved.RefuseOpaque(rules, onlyKubeProxys: false);
        return saved;
    }

    private static ExplainedWalk ExplainFiles(ExplainOptions options, ClusterView? cluster, PacketQuestion question, SavedRules saved, WalkExplainer explainer, IpvsWalk? ipvs)
    {
        string title = $"the rules of {string.Join(", ", options.RuleFiles.Select(static file => Path.GetFileName(SavedText.NameOf(file.Path))))}";

        // The model is of iptables or nftables mode: it has nothing to compare with IPVS.
        return explainer.Explain(title, saved.Families[0], ipvs is null ? cluster?.Model[question.Family] : null, DialectOf(cluster?.Mode), ipvs);
    }

    /// <summary>A Service whose EndpointSlices were not given cannot be said to have no endpoints.</summary>
    internal static void RefuseMissingSlices(ClusterView? cluster, PacketQuestion question)
    {
        FrontendAddress dialled = new(question.Destination, question.Protocol, question.Port);
        if (cluster is not null && new PortFinder(cluster.Model).TryFind(dialled, out ServicePortRules? port, out _) && port is not null && MissingSlices.Of(cluster.Objects, port.Name.Service) is { } missing)
        {
            throw new InputException(missing);
        }
    }

    private static RuleModelSnapshot ModelOf(ClusterView cluster, string mode) => mode == cluster.Mode
        ? cluster.Model
        : cluster.Input(mode).Build(cluster.NodeName, cluster.NodeAddresses, []);

    private static RuleDialect DialectOf(string? mode) => mode == ProxyMode.Nftables ? RuleDialect.Nftables : RuleDialect.Iptables;

    /// <summary>An answer with what it was made from.</summary>
    private sealed record Answer(Explanation Explanation, ClusterView? Cluster, ClusterNetworks Networks);
}

/// <summary>Names the field that a reason really comes from where the model does not know: pod CIDRs may be a Node's.</summary>
internal static class ReasonFields
{
    public static ExplainedWalk Correct(ExplainedWalk walk, ClusterView cluster) => cluster.Configuration.EffectiveDetectLocalMode != "NodeCIDR"
        ? walk
        : walk with
        {
            Reasons = [.. walk.Reasons.Select(reason => reason.Field == "clusterCIDR" ? reason with { Owner = $"Node {cluster.NodeName}", Field = "spec.podCIDRs" } : reason)],
        };
}
