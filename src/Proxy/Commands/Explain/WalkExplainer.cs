using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Walks the packet through rules, and through the model if there is one, and explains the result.</summary>
/// <param name="question">The packet.</param>
/// <param name="node">The node.</param>
/// <param name="names">The Pods and nodes of addresses.</param>
/// <param name="route">Which address a packet gets when it leaves.</param>
internal sealed class WalkExplainer(PacketQuestion question, NodeView node, EndpointNames names, NodeRoute route)
{
    /// <summary>Follows the packet over the nodes; null if no routes are known.</summary>
    public JourneyFinder? Journeys { get; init; }

    /// <summary>Explains.</summary>
    /// <param name="title">What rules they are.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="model">The model; null if there is none.</param>
    /// <param name="dialect">The mode of the rules.</param>
    /// <param name="ipvs">Follows the packet through IPVS too; null without it.</param>
    public ExplainedWalk Explain(string title, Ruleset rules, FamilyRules? model, RuleDialect dialect, IpvsWalk? ipvs = null)
    {
        WalkPacket packet = question.ToPacket();
        IReadOnlyList<WalkOutcome> outcomes = ipvs is null ? new PacketWalker(rules, node).Walk(packet) : ipvs.Walk(packet);
        if (model is null)
        {
            return new(title, Paths(outcomes, []), CommentReasons.Read(question, outcomes), [], HasModel: false) { Walked = DoubtsOf(outcomes) };
        }

        IReadOnlyList<ModelOutcome> expected = ModelWalker.Walk(model, node, dialect, packet);
        IReadOnlyList<string> disagreements = WalkAgreement.Compare(outcomes, expected);
        return new(title, Paths(outcomes, expected), Reasons(expected), disagreements, HasModel: true) { Walked = DoubtsOf(outcomes) };
    }

    private static WalkTraceEntry[] DoubtsOf(IReadOnlyList<WalkOutcome> outcomes) => [.. outcomes.SelectMany(outcome => outcome.Trace).Where(entry => entry.IsDoubtful)];

    private List<ModelReason> Reasons(IReadOnlyList<ModelOutcome> outcomes)
    {
        List<ModelReason> reasons = [];
        HashSet<ModelReason> seen = [];
        foreach (ModelOutcome outcome in outcomes)
        {
            foreach (ModelReason reason in outcome.Reasons)
            {
                if (seen.Add(reason))
                {
                    reasons.Add(reason);
                }
            }
        }

        reasons.AddRange(outcomes.Select(outcome => outcome.Service).OfType<ServicePortName>().Distinct().SelectMany(names.DuplicatesOf));
        return reasons;
    }

    /// <summary>Paths that end alike are one; the order is that of likelihood, then as walked.</summary>
    private List<ExplainedPath> Paths(IReadOnlyList<WalkOutcome> outcomes, IReadOnlyList<ModelOutcome> expected)
    {
        Dictionary<EndpointAddress, ModelOutcome> byTarget = [];
        foreach (ModelOutcome outcome in expected)
        {
            if (outcome.Target is { } target)
            {
                byTarget[target] = outcome;
            }
        }

        IReadOnlyList<WalkOutcome>[] groups = [.. outcomes.GroupBy(PathEnd.Of).Select(group => (IReadOnlyList<WalkOutcome>)[.. group])];
        return
        [
            .. groups
                .Select(group => Path(group, byTarget, isOnly: groups.Length == 1))
                .OrderByDescending(path => Math.Round(path.Probability, 4)),
        ];
    }

    /// <summary>What is not known makes no difference where all ends are one.</summary>
    private ExplainedPath Path(IReadOnlyList<WalkOutcome> alike, Dictionary<EndpointAddress, ModelOutcome> byTarget, bool isOnly)
    {
        WalkOutcome first = alike.FirstOrDefault(outcome => !outcome.IsUncertain) ?? alike[0];
        bool isOpen = alike.Any(outcome => outcome.IsOpen);
        bool isUncertain = isOpen || (!isOnly && alike.Any(outcome => outcome.IsUncertain));
        AddressRange? source = first.NewSource?.Addresses;
        Pod? pod = first.Target is { } sentTo ? names.PodAt(sentTo.Address) : null;
        string endpointNode = first.Target is { } endpoint ? NodeOf(pod, endpoint) : "";
        RouteQuery routed = JourneyFinder.QueryOf(question, first.Target ?? question.Dialled, first.TargetPorts is not null);
        ExplainedPath path = new()
        {
            Probability = isUncertain ? alike.Max(outcome => outcome.Probability) : isOnly ? 1 : alike.Sum(outcome => outcome.Probability),
            Verdict = first.Verdict,
            RejectWith = first.RejectWith,
            Target = first.Target,
            TargetPorts = first.TargetPorts,
            IsToThisNode = first.IsToThisNode,
            TargetDescription = first.Target is { } target ? DescribeTarget(target, byTarget.GetValueOrDefault(target), first.Trace) : "",
            TargetPod = pod is null ? "" : pod.Name.ToString(),
            TargetNode = endpointNode,
            TargetZone = names.ZoneOf(endpointNode),
            IsMasqueraded = first.IsMasqueraded,
            IsSourcePortPicked = first.NewSource is { } picked && (picked.IsRandom || picked.Ports is { Count: > 1 }),
            MasqueradeAddress = !first.IsMasqueraded ? null : source is null ? route.MasqueradeTo(routed) : source.Value.IsSingle ? IpAddress.FromBits(source.Value.First) : null,
            MasqueradeDoubt = !first.IsMasqueraded || source is { IsSingle: true } ? "" : source is null ? route.MasqueradeDoubt(routed) : $"one of {new TranslationRange(source, null)}",
            AffinitySeconds = first.AffinitySeconds,
            IsUncertain = isUncertain,
            IsOpen = isOpen,
            IsUntracked = first.IsUntracked,
            Trace = first.Trace,
        };
        return path with { Conntrack = ConntrackDescription.Entry(question, path), Reply = ReplyDescription.Describe(question, path, node, names), Journey = Journeys?.Find(question, path) ?? [] };
    }

    private string DescribeTarget(EndpointAddress target, ModelOutcome? model, IReadOnlyList<WalkTraceEntry> trace)
    {
        Pod? pod = names.PodAt(target.Address);
        string service = model?.Service?.ToString() ?? ServiceInRules.OfPath(trace);
        string where = model?.IsLocalEndpoint ?? false ? "on this node"
            : NodeOf(pod, target) is { Length: > 0 } nodeName ? $"on node {nodeName}"
            : "";
        string[] parts = [service.Length == 0 ? "" : $"endpoint of {service}", pod is null ? "" : $"pod {pod.Name}", where];
        return string.Join(", ", parts.Where(part => part.Length != 0));
    }

    private string NodeOf(Pod? pod, EndpointAddress endpoint) => pod is { NodeName.Length: > 0 } ? pod.NodeName : names.NodeOf(endpoint.Address);
}
