using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Follows the packet on every node of a cluster (<c>--node all</c>).</summary>
/// <param name="streams">Where things are read from and messages go.</param>
/// <param name="host">The host.</param>
internal sealed class AllNodes(CommandStreams streams, AgentHost host)
{
    /// <summary>Follows it.</summary>
    /// <param name="options">What was asked.</param>
    /// <param name="input">Where the cluster is read from.</param>
    /// <param name="progress">Shows what is done.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The table; null when the manifests have errors, which have been reported.</returns>
    /// <exception cref="InputException">The question is not one for all nodes.</exception>
    public async Task<NodeTable?> FollowAsync(ExplainOptions options, ClusterOptions input, Progress progress, CancellationToken stop)
    {
        Refuse(options);
        progress.Step("reading the cluster's objects");
        ClusterOptions all = input with { NodeName = null, NeedsAllNodes = true, ChooseNode = static objects => objects.Nodes.Keys.Order(StringComparer.Ordinal).FirstOrDefault() };
        if (await new ClusterReader(streams, host).ReadAsync(all, isThisNode: false, stop) is not { } cluster)
        {
            return null;
        }

        string[] nodes = [.. cluster.Objects.Nodes.Keys.Order(StringComparer.Ordinal)];
        if (nodes.Length == 0)
        {
            throw new InputException("--node all: the input has no Node; list Nodes too, as in kubectl get pods,svc,endpointslices,nodes -A -o yaml");
        }

        ManifestObjects objects = Narrowed(cluster.Objects, PacketDestination.Parse(options.To));
        List<NodeFate> fates = [];
        PacketQuestion? first = null;
        foreach (string node in nodes)
        {
            stop.ThrowIfCancellationRequested();
            progress.Step($"following the packet on node {node}");
            ClusterView view = ViewOf(WithSourceOn(node, objects, options), cluster, node);
            NodeRoute route = new(isLive: false, view.NodeAddresses);
            PacketQuestion question = new QuestionReader(options, view, view.NodeAddresses, route).Read();
            first ??= question;
            FamilyRules model = view.Model[question.Family];
            RuleDialect dialect = view.Mode == ProxyMode.Nftables ? RuleDialect.Nftables : RuleDialect.Iptables;
            WalkExplainer explainer = new(question, new NodeView(view.NodeAddresses), new(view, question.Family), route);
            ExplainedWalk walk = explainer.Explain(view.Mode, RenderedRules.Of(model, view.Mode), model, dialect);
            fates.Add(new(node, view.Objects.Nodes[node].Zone, ReasonFields.Correct(walk, view)));
        }

        return new(first!, cluster.Mode, fates); // there is a node at least
    }

    private static void Refuse(ExplainOptions options)
    {
        string? problem =
            options.RuleFiles.Count != 0 ? "saved rules are those of one node; leave out --rules"
            : options.WantsLiveRules ? "the rules of this node are those of one node; leave out --live"
            : options.NodeAddresses is not null ? "--node-address is of one node; leave it out"
            : options.Mode == ExplainOptions.BothModes ? "the table is of one mode; give --mode iptables or --mode nftables"
            : options.Format is not (ExplainFormat.Text or ExplainFormat.Json) ? "the table can be written as text or json (-o)"
            : null;
        if (problem is not null)
        {
            throw new InputException($"--node all: {problem}");
        }
    }

    /// <summary>
    /// Leaves out the Services that have nothing to do with the one that is named, so that a cluster of thousands of nodes and
    /// Services can be asked: those with one of its addresses stay, since they may have precedence for it.
    /// </summary>
    private static ManifestObjects Narrowed(ManifestObjects objects, PacketDestination destination)
    {
        if (destination.Service is not { } name || !objects.Services.TryGetValue(name, out Service? named))
        {
            return objects; // a node port belongs to a Service that only the rules of its node show
        }

        ManifestObjects narrowed = new();
        HashSet<string> addresses = AddressesOf(named);
        foreach (Service service in objects.Services.Values.Where(service => service.Name == name || AddressesOf(service).Overlaps(addresses)))
        {
            narrowed.Services.Add(service.Name, service);
        }

        Copy(objects.EndpointSlices.Where(entry => narrowed.Services.ContainsKey(entry.Value.Service)), narrowed.EndpointSlices);
        Copy(objects.Nodes, narrowed.Nodes);
        Copy(objects.Pods, narrowed.Pods);
        Copy(objects.ServiceCidrs, narrowed.ServiceCidrs);
        return narrowed;
    }

    /// <summary>
    /// The objects with the Pod that is the source on a node: what the node would do with its packets, were it there. On the other
    /// nodes they would only be met if something led them there.
    /// </summary>
    private static ManifestObjects WithSourceOn(string node, ManifestObjects objects, ExplainOptions options)
    {
        if (PacketSource.Parse(options.From).Pod is not { } name || !objects.Pods.TryGetValue(name, out Pod? pod) || pod.NodeName == node)
        {
            return objects;
        }

        ManifestObjects moved = new();
        Copy(objects.Services, moved.Services);
        Copy(objects.EndpointSlices, moved.EndpointSlices);
        Copy(objects.Nodes, moved.Nodes);
        Copy(objects.Pods, moved.Pods);
        Copy(objects.ServiceCidrs, moved.ServiceCidrs);
        moved.Pods[name] = pod with { NodeName = node };
        return moved;
    }

    /// <summary>The addresses that a Service is reached by: its cluster IPs, external IPs and those of its load balancer, as written.</summary>
    internal static HashSet<string> AddressesOf(Service service)
    {
        HashSet<string> addresses = new(StringComparer.OrdinalIgnoreCase);
        addresses.UnionWith([.. service.ClusterIPs.AsSpan(), service.ClusterIP, .. service.ExternalIPs.AsSpan()]);
        foreach (LoadBalancerIngress ingress in service.LoadBalancerIngress)
        {
            addresses.Add(ingress.Ip);
        }

        addresses.ExceptWith(["", "None"]);
        return addresses;
    }

    private static void Copy<TKey, T>(IEnumerable<KeyValuePair<TKey, T>> from, Dictionary<TKey, T> to)
        where TKey : notnull
    {
        foreach ((TKey key, T value) in from)
        {
            to[key] = value;
        }
    }

    private static ClusterView ViewOf(ManifestObjects objects, ClusterView cluster, string node)
    {
        ClusterView view = cluster with { Objects = objects };
        ClusterInput input = view.Input();
        return view with
        {
            NodeName = node,
            NodeAddresses = input.AddressesOf(node),
            Model = input.Build(node, null, []),
        };
    }
}

/// <summary>What every node does with a packet.</summary>
/// <param name="Question">The packet, as the first node sees it.</param>
/// <param name="Mode">The mode of the rules.</param>
/// <param name="Fates">What each node does, by name.</param>
internal sealed record NodeTable(PacketQuestion Question, string Mode, IReadOnlyList<NodeFate> Fates)
{
    /// <summary>The nodes whose outcome is the same, those with the most nodes first.</summary>
    public IReadOnlyList<IReadOnlyList<NodeFate>> Groups { get; } =
    [
        .. Fates.GroupBy(static fate => fate.Outcome, StringComparer.Ordinal).Select(static group => (IReadOnlyList<NodeFate>)[.. group]).OrderByDescending(static group => group.Count),
    ];

    /// <summary>The reasons that hold on every node.</summary>
    public IReadOnlyList<ModelReason> CommonReasons { get; } = [.. Fates[0].Walk.Reasons.Where(reason => Fates.All(fate => fate.Walk.Reasons.Contains(reason)))];

    /// <summary>The reasons for the outcome of a group that do not hold everywhere; each once.</summary>
    public IEnumerable<ModelReason> ReasonsOf(IReadOnlyList<NodeFate> group) => group.SelectMany(static fate => fate.Walk.Reasons).Distinct().Except(CommonReasons);

    /// <summary>The letter of a group: A for the largest; after Z a number.</summary>
    public static string NameOf(int group) => group < 26 ? $"{(char)('A' + group)}" : $"{group + 1}";
}

/// <summary>What one node does with a packet.</summary>
/// <param name="Node">The node.</param>
/// <param name="Zone">Its zone; empty if it has none.</param>
/// <param name="Walk">What its rules do.</param>
internal sealed record NodeFate(string Node, string Zone, ExplainedWalk Walk)
{
    /// <summary>The outcome without what only names the node: equal on two nodes that do the same.</summary>
    public string Outcome { get; } = string.Join('\n', Walk.Paths.Select(static path => $"{path.Verdict} {path.RejectWith} {path.TargetText} {path.IsMasqueraded} {path.IsUncertain} {path.AffinitySeconds}").Order(StringComparer.Ordinal));
}
