using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// What a rule set does, freed from how it is written: for each destination, each origin and the ranges of sources that
/// are treated alike, the endpoints with their shares, masquerading, refusal or drop, and session affinity. Two rule sets
/// that do the same give equal values, whoever wrote them and for whichever tool.
/// </summary>
public sealed class NeutralRules
{
    private readonly PacketWalker _walker;
    private readonly IpFamily _family;
    private readonly NodeView _node;

    /// <summary>Prepares descriptions of a rule set: it is indexed once, however many destinations are asked about.</summary>
    /// <param name="rules">The rules; they must not change any more.</param>
    /// <param name="nodeAddresses">The addresses on the node's interfaces, of both families.</param>
    public NeutralRules(Ruleset rules, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        _node = new NodeView(nodeAddresses);
        _walker = new PacketWalker(rules, _node);
        _family = rules.Family;
    }

    /// <summary>Describes a rule set.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="nodeAddresses">The addresses on the node's interfaces, of both families.</param>
    /// <returns>What is done, ordered by destination and origin; what is left alone is left out.</returns>
    public static IReadOnlyList<NeutralRule> Describe(Ruleset rules, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        FrontendFinder finder = new();
        finder.Add(rules);
        return Describe(rules, nodeAddresses, finder.Find(nodeAddresses.Where(address => address.Family == rules.Family)), Origins([rules]));
    }

    /// <summary>Describes what a rule set does for some destinations and origins.</summary>
    public static IReadOnlyList<NeutralRule> Describe(
        Ruleset rules,
        IReadOnlyCollection<IpAddress> nodeAddresses,
        IEnumerable<FrontendAddress> frontends,
        IReadOnlyList<TrafficOrigin> origins)
    {
        NeutralRules neutral = new(rules, nodeAddresses);
        return [.. frontends.SelectMany(frontend => neutral.Describe(frontend, origins))];
    }

    /// <summary>What is done with traffic to one destination, ordered by origin; what is left alone is left out.</summary>
    /// <param name="frontend">The destination.</param>
    /// <param name="origins">Where traffic comes from.</param>
    public IReadOnlyList<NeutralRule> Describe(FrontendAddress frontend, IReadOnlyList<TrafficOrigin> origins)
    {
        List<NeutralRule> described = [];
        foreach (TrafficOrigin origin in origins)
        {
            Describe(frontend, origin, described);
        }

        return described;
    }

    /// <summary>The origins that rules tell apart: the node, an interface for each name in a rule, and one of another name.</summary>
    public static IReadOnlyList<TrafficOrigin> Origins(IEnumerable<Ruleset> rulesets)
    {
        SortedSet<string> interfaces = new(StringComparer.Ordinal) { TrafficOrigin.OtherInterface };
        foreach (WalkRule rule in rulesets.SelectMany(rules => rules.Tables).SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules))
        {
            NestedSteps.ForEach(rule, step =>
            {
                if (step is RuleStep.InterfaceMatch { IsInput: true } match)
                {
                    interfaces.Add(match.IsPrefix ? match.Name + "0" : match.Name);
                }
            });
        }

        return [TrafficOrigin.Node, .. interfaces.Select(name => new TrafficOrigin(name))];
    }

    private void Describe(FrontendAddress frontend, TrafficOrigin origin, List<NeutralRule> described)
    {
        List<WalkOutcome> outcomes = [];
        foreach (AddressRange sources in Sources(origin))
        {
            outcomes.AddRange(_walker.Walk(new WalkPacket(sources, frontend.Address, frontend.Protocol, frontend.Port) { InputInterface = origin.Interface }));
        }

        Dictionary<TrafficBehaviour, List<AddressRange>> bySource = [];
        foreach ((AddressRange range, List<WalkOutcome> paths) in Partition(outcomes))
        {
            TrafficBehaviour behaviour = Summarize(paths);
            if (behaviour.IsNothing)
            {
                continue;
            }

            if (!bySource.TryGetValue(behaviour, out List<AddressRange>? ranges))
            {
                ranges = [];
                bySource.Add(behaviour, ranges);
            }

            ranges.Add(range);
        }

        described.AddRange(bySource
            .Select(entry => new NeutralRule(frontend, origin, EquatableArray.CopyOf(AddressRanges.Normalize(entry.Value)), entry.Key))
            .OrderBy(rule => rule.Sources[0]));
    }

    /// <summary>The node sends from its own addresses; other origins do not.</summary>
    private List<AddressRange> Sources(TrafficOrigin origin)
    {
        AddressRange all = AddressRange.All(_family);
        List<AddressRange> local = [];
        List<AddressRange> others = [];
        AddressRanges.Split(all, _node.LocalRanges(_family), local, others);
        return origin.Interface is null ? local : others;
    }

    /// <summary>Splits the sources at every edge of an outcome, and gives the outcomes of each part.</summary>
    private static IEnumerable<(AddressRange Range, List<WalkOutcome> Paths)> Partition(List<WalkOutcome> outcomes)
    {
        SortedSet<UInt128> starts = [];
        foreach (WalkOutcome outcome in outcomes)
        {
            starts.Add(outcome.Source.First);
            if (outcome.Source.Last != UInt128.MaxValue)
            {
                starts.Add(outcome.Source.Last + 1);
            }
        }

        UInt128[] edges = [.. starts];
        for (int index = 0; index < edges.Length; index++)
        {
            AddressRange range = new(edges[index], index + 1 < edges.Length ? edges[index + 1] - 1 : UInt128.MaxValue);
            List<WalkOutcome> paths = outcomes.FindAll(outcome => outcome.Source.Contains(range));
            if (paths.Count != 0)
            {
                yield return (range, paths);
            }
        }
    }

    private static TrafficBehaviour Summarize(List<WalkOutcome> paths)
    {
        SortedDictionary<(string Target, bool IsMasqueraded), (EndpointAddress Target, double Share)> shares = [];
        HashSet<Disposition> dispositions = [];
        bool isMasqueraded = false;
        bool isUncertain = false;
        int affinity = 0;
        foreach (WalkOutcome path in paths)
        {
            Disposition disposition = DispositionOf(path);
            dispositions.Add(disposition);
            isUncertain |= path.IsUncertain;
            affinity = Math.Max(affinity, disposition == Disposition.Forwarded ? path.AffinitySeconds : 0);
            if (disposition == Disposition.Forwarded)
            {
                EndpointAddress target = path.Target!.Value; // forwarded means that it has a target
                (string, bool) key = (target.ToString(), path.IsMasqueraded);
                shares[key] = (target, shares.GetValueOrDefault(key).Share + path.Probability);
            }
            else
            {
                isMasqueraded |= disposition == Disposition.Passes && path.IsMasqueraded;
            }
        }

        EndpointShare[] endpoints = [.. shares.Select(share => new EndpointShare(share.Value.Target, Millionths(share.Value.Share), share.Key.IsMasqueraded))];
        return new(dispositions.Count == 1 ? dispositions.First() : Disposition.Mixed, EquatableArray.Adopt(endpoints), isMasqueraded, affinity, isUncertain);
    }

    /// <summary>
    /// Rounds, with a little added, so that shares such as 1/128 do not fall on either side of a tie because one tool keeps
    /// 31 bits of each chance and the other divides exactly.
    /// </summary>
    private static int Millionths(double share) => (int)Math.Round((share * 1_000_000) + 0.001);

    private static Disposition DispositionOf(WalkOutcome path) => path.Verdict switch
    {
        WalkVerdict.Reject => Disposition.Rejected,
        WalkVerdict.Drop => Disposition.Dropped,
        _ => path.Target is null ? Disposition.Passes : Disposition.Forwarded,
    };
}

/// <summary>What rules do with traffic of one origin and some sources to one destination.</summary>
/// <param name="Frontend">The destination.</param>
/// <param name="Origin">Where it comes from.</param>
/// <param name="Sources">The sources that are treated alike, as the fewest ranges, ordered.</param>
/// <param name="Behaviour">What happens.</param>
public sealed record NeutralRule(FrontendAddress Frontend, TrafficOrigin Origin, EquatableArray<AddressRange> Sources, TrafficBehaviour Behaviour)
{
    /// <summary>One line, for differences.</summary>
    public override string ToString() =>
        $"{Frontend} from {Origin} {string.Join(' ', Sources.AsSpan().ToArray().Select(range => range.ToString()))}: {Behaviour}";
}

/// <summary>The origin of traffic, as far as rules can match it.</summary>
/// <param name="Interface">The interface it came in by; null for traffic that the node itself makes.</param>
public sealed record TrafficOrigin(string? Interface)
{
    /// <summary>An interface that no rule names.</summary>
    public const string OtherInterface = "other0";

    /// <summary>The node itself.</summary>
    public static TrafficOrigin Node { get; } = new((string?)null);

    /// <summary>The node, or the name of the interface.</summary>
    public override string ToString() => Interface ?? "node";
}
