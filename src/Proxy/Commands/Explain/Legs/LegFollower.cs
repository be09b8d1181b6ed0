using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Commands.Explain.Legs;

/// <summary>Follows the later legs: from the endpoints that the leg before ends at, by the rules of their nodes.</summary>
/// <param name="options">What was asked.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="networks">Interfaces and routes of the nodes.</param>
internal sealed class LegFollower(ExplainOptions options, ClusterView cluster, ClusterNetworks networks)
{
    /// <summary>The most Services that may follow the first destination.</summary>
    public const int Most = 4;

    private const string ClusterIPNote =
        "the pod is taken to connect to the cluster IP of the Service; an ingress controller that connects to its endpoints itself, as ingress-nginx does by default, does not meet these rules";

    private readonly List<Leg> _legs = [];
    private readonly List<LegEnd> _ends = [];
    private readonly Dictionary<string, ClusterView> _views = new(StringComparer.Ordinal);

    /// <summary>Refuses what <c>--then</c> cannot be combined with.</summary>
    /// <exception cref="InputException">It cannot be answered.</exception>
    public static void Refuse(ExplainOptions options, Func<string, string?> environment)
    {
        string? problem =
            options.Then.Count > Most ? $"at most {Most} Services can follow one another"
            : options.RuleFiles.Count != 0 ? "the next leg starts on other nodes, and saved rules are those of one node; leave out --rules, and give manifests (-f) or an API server (--kubeconfig)"
            : options.WantsLiveRules ? "the next leg starts on other nodes, and --live is the rules of this node; give manifests (-f) or an API server (--kubeconfig)"
            : options.IsOfAllNodes ? "the first leg is followed on one node; name it with --node"
            : options.Mode == ExplainOptions.BothModes ? "the legs are followed in one mode; give --mode iptables or --mode nftables"
            : options.Format is ExplainFormat.Svg or ExplainFormat.Dot ? "a picture is of one leg; give -o text, json or html"
            : !options.HasCluster(environment) ? "the rules of the pods' nodes are made from the cluster's objects; give manifests (-f) or an API server (--kubeconfig)"
            : null;
        if (problem is not null)
        {
            throw new InputException($"--then: {problem}");
        }

        foreach (string then in options.Then)
        {
            if (PacketDestination.Parse(then, "--then").Service is null)
            {
                throw new InputException($"--then {then}: name a Service as svc:NAMESPACE/NAME[:PORT]");
            }
        }
    }

    /// <summary>Follows them.</summary>
    /// <param name="first">The answer of the first leg.</param>
    /// <param name="progress">Shows what is done.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InputException">A Service is not there.</exception>
    public LegChain Follow(Explanation first, Progress progress, CancellationToken stop)
    {
        List<Arrival> arrivals = Arrive(1, first, cluster.NodeName, 1);
        for (int number = 2; number <= options.Then.Count + 1; number++)
        {
            NamespacedName service = PacketDestination.Parse(options.Then[number - 2], "--then").Service!.Value; // refused before if there is none
            HashSet<IpAddress> own = EndpointsOf(service);
            List<Arrival> next = [];

            // A pod that is an endpoint of the next Service may be sent to itself, which is masqueraded: it takes a way of its own. So
            // do those outside of the pod CIDR, which are taken for strangers.
            foreach (IGrouping<(string Node, IpAddress? Own, bool IsPod), Arrival> group in arrivals.GroupBy(arrival =>
                (arrival.Node, own.Contains(arrival.Address) || IsOfNode(arrival) ? arrival.Address : (IpAddress?)null, IsInPodCidr(arrival))))
            {
                stop.ThrowIfCancellationRequested();
                progress.Step($"following leg {number} from {group.Key.Node}");
                double share = group.Sum(static arrival => arrival.Share);
                Explanation answer = Explain(group.First(), options.Then[number - 2]);
                _legs.Add(new(number, group.Key.Node, [.. group.Select(static arrival => arrival.Name)], [.. group.Select(static arrival => arrival.Address)], share, answer));
                next.AddRange(Arrive(number, answer, group.Key.Node, share));
            }

            arrivals = Merge(next);
        }

        LegChain chain = new(first, _legs, [options.To, .. options.Then], [.. _ends.GroupBy(static end => (end.Leg, end.Outcome, end.Text)).Select(static group => group.First() with { Share = group.Sum(static end => end.Share) }).OrderBy(static end => end.Leg).ThenByDescending(static end => Math.Round(end.Share ?? 0, 4))]);
        return chain.IsCertain ? chain : chain with
        {
            Next = [.. chain.Next.Select(static leg => leg with { Share = null })],
            Ends = [.. chain.Ends.Select(static end => end with { Share = null })],
        };
    }

    /// <summary>The endpoints that a leg reaches and the next one starts from; what ends before is noted.</summary>
    private List<Arrival> Arrive(int number, Explanation answer, string node, double share)
    {
        bool isLast = number == options.Then.Count + 1;
        List<Arrival> arrivals = [];
        foreach (ExplainedPath path in answer.Walks[0].Paths)
        {
            double part = share * path.Probability;
            LegOutcome outcome = LegOutcomes.Of(path);
            if (outcome != LegOutcome.Delivered || path.Target is not { } target)
            {
                _ends.Add(new(number, outcome, ClusterNetworks.Called(node), part));
            }
            else if (isLast)
            {
                _ends.Add(new(number, outcome, path.TargetText + (path.TargetDescription.Length == 0 ? "" : $" ({Described(path)})"), part));
            }
            else
            {
                string of = path.TargetNode.Length != 0 ? path.TargetNode : networks.NodeWith(target.Address) ?? "";
                if (of.Length == 0 || ViewOf(of).NodeAddresses.Count == 0)
                {
                    _ends.Add(new(number, LegOutcome.Unknown, of.Length == 0 ? $"the endpoint {target.Address} is on no node of the input, so that the rules that it meets next are not known" : $"the addresses of {of} are not in the input; list Nodes too", part));
                }
                else
                {
                    arrivals.Add(new(target.Address, of, path.TargetPod.Length == 0 ? $"endpoint {target.Address}" : $"pod {path.TargetPod}", part));
                }
            }
        }

        return Merge(arrivals);
    }

    /// <summary>"on this node" is of several nodes here.</summary>
    private static string Described(ExplainedPath path) =>
        path.TargetNode.Length == 0 ? path.TargetDescription : path.TargetDescription.Replace("on this node", $"on node {path.TargetNode}", StringComparison.Ordinal);

    private static List<Arrival> Merge(IEnumerable<Arrival> arrivals) =>
        [.. arrivals.GroupBy(static arrival => arrival.Address).Select(static group => group.First() with { Share = group.Sum(static arrival => arrival.Share) })];

    private Explanation Explain(Arrival from, string to)
    {
        ClusterView view = ViewOf(from.Node);
        ExplainOptions asked = options with
        {
            From = from.Address.ToString(),
            To = to,
            ToOption = "--then",

            // They are of the client's connection.
            Interface = null,
            OutputInterface = null,
            Mark = 0,
            SourcePort = null,
        };
        ClusterNetworks nodes = networks.SeenFrom(from.Node, view);
        NodeRoute route = new(isLive: false, view.NodeAddresses, nodes.Here);
        PacketQuestion question = new QuestionReader(asked, view, view.NodeAddresses, route, nodes.Here).Read();
        ExplainCommand.RefuseMissingSlices(view, question);
        EndpointNames names = new(view, question.Family);
        WalkExplainer explainer = new(question, new NodeView(view.NodeAddresses) { Network = nodes.Here }, names, route)
        {
            Journeys = new(nodes, names, new OtherNodes(view, nodes, view.Mode)),
        };
        FamilyRules model = view.Model[question.Family];
        ExplainedWalk walk = explainer.Explain(view.Mode, RenderedRules.Of(model, view.Mode), model, view.Mode == ProxyMode.Nftables ? RuleDialect.Nftables : RuleDialect.Iptables);
        return new(question with { Assumptions = [.. question.Assumptions, ClusterIPNote] }, from.Node, [ReasonFields.Correct(walk, view)]);
    }

    private ClusterView ViewOf(string node)
    {
        if (node == cluster.NodeName)
        {
            return cluster;
        }

        if (!_views.TryGetValue(node, out ClusterView? view))
        {
            IReadOnlyList<IpAddress> addresses = networks.AddressesOf(node);
            addresses = addresses.All(static address => address.IsLoopback) ? [] : addresses;
            view = cluster with
            {
                NodeName = node,
                NodeAddresses = addresses,
                Model = cluster.Input().Build(node, addresses, []),
            };
            _views.Add(node, view);
        }

        return view;
    }

    /// <summary>Whether it is in the node's own network: its packets are those of the node.</summary>
    private bool IsOfNode(Arrival arrival) => ViewOf(arrival.Node).NodeAddresses.Contains(arrival.Address);

    private bool IsInPodCidr(Arrival arrival)
    {
        LocalTrafficDetector detector = ViewOf(arrival.Node).Model[arrival.Address.Family].Settings.LocalTraffic;
        return detector.Kind == LocalTrafficKind.Prefix && detector.Prefix.Contains(arrival.Address);
    }

    private HashSet<IpAddress> EndpointsOf(NamespacedName service)
    {
        HashSet<IpAddress> addresses = [];
        foreach (EndpointSlice slice in cluster.Objects.EndpointSlices.Values.Where(slice => slice.Service == service))
        {
            foreach (SliceEndpoint endpoint in slice.Endpoints)
            {
                addresses.Add(endpoint.Address);
            }
        }

        return addresses;
    }

    /// <summary>An endpoint that the leg before ends at.</summary>
    private sealed record Arrival(IpAddress Address, string Node, string Name, double Share);
}
