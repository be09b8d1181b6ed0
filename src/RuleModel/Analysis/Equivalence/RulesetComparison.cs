using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Decides whether two rule sets do the same with every packet. Destinations and origins are enumerated, one for each class
/// that either set can tell apart; everything else (sources, ports, protocols, marks, what conntrack and session affinity
/// know) is walked as a whole space that splits where rules ask. docs/compare.md says what counts as the same.
/// </summary>
public sealed class RulesetComparison
{
    /// <summary>How many times rules are applied to groups of packets of one origin and destination, at most, before rules are narrowed.</summary>
    private const long MostEffort = 4_000_000;

    /// <summary>The most paths that are compared without narrowing rules.</summary>
    private const int MostPaths = 20_000;

    /// <summary>The same for the destinations and origins that are tried first.</summary>
    private const long TriedEffort = 20_000;
    private const long TriedEffortOfMany = 200_000;

    /// <summary>Rules of many Services: most are found by destination, and narrowing all of them for each is no gain.</summary>
    private const int ManyRules = 50_000;

    /// <summary>With more paths than this for one destination and origin, narrowing rules is worth while.</summary>
    private const int MostPathsTried = 2000;

    /// <summary>With more paths than this for all destinations and origins, by those that are tried, narrowing rules is worth while.</summary>
    private const long MostPathsInAll = 500_000;

    /// <summary>The same for narrowed rules, before single packets are tried.</summary>
    private const long ProbedEffort = 50_000;

    /// <summary>The most parts of the packets from one origin to one destination that are described, once one surely differs.</summary>
    private const int MostClasses = 100;

    private const int TriedOrigins = 8;

    /// <summary>With more changed rules than this, all destinations are walked.</summary>
    private const int MostChanges = 64;

    private readonly RulePlan _a;
    private readonly RulePlan _b;
    private readonly NodeView _node;
    private readonly HeaderSpace _space;
    private readonly RuleFacts _factsA;
    private readonly RuleFacts _factsB;
    private readonly DifferenceDescription _description;
    private readonly KnownModeDifferences? _knownDifferences;
    private readonly IpFamily _family;
    private readonly ClientListPairs _lists = new();
    private readonly ChangedRules? _changes;
    private readonly EqualDestinations? _equal;
    private readonly bool _isHard;
    private readonly long _effort;

    /// <summary>What is compared by the packets that changed rules may match; null where all destinations are walked.</summary>
    private readonly IReadOnlyList<(ComparedPart Part, IpAddress Destination)>? _parts;

    /// <summary>All packets, for destinations whose rules split packets too often for a plain walk.</summary>
    private readonly ComparedPart _all;

    /// <summary>Prepares a comparison.</summary>
    /// <param name="a">The first rule set.</param>
    /// <param name="b">The second, of the same family.</param>
    /// <param name="nodeAddresses">The addresses on the node's interfaces, of both families.</param>
    /// <param name="method">How it is made. Its outcome does not depend on it.</param>
    /// <param name="stop">Ends the preparation.</param>
    public RulesetComparison(Ruleset a, Ruleset b, IReadOnlyCollection<IpAddress> nodeAddresses, ComparisonMethod method = ComparisonMethod.Chosen, CancellationToken stop = default)
    {
        _family = a.Family;
        _a = new(a);
        _b = new(b);
        _node = new(nodeAddresses);
        _space = new([_a, _b], _node, a.Family);
        _factsA = new(a);
        _factsB = new(b);
        _description = new(_family, _factsA, _factsB);
        _knownDifferences = KnownModeDifferences.Of(_a, _b, _node);
        NarrowedRules narrowing = new(_node, _family);
        _all = ComparedPart.OfAll(narrowing, _node, a, b, _space);
        _changes = ChangedRules.Find(a, b);
        _equal = _changes is null || method == ComparisonMethod.EveryDestination ? null : new(a, b, _changes, _node);
        _effort = method == ComparisonMethod.EveryDestination ? long.MaxValue : MostEffort;
        _isHard = method == ComparisonMethod.ByChanges || (method == ComparisonMethod.Chosen && _changes is not { All.Count: 0 } && SplitsOften(stop));
        _effort = _isHard ? TriedEffort : _effort;
        if (_isHard && _changes is { All.Count: <= MostChanges })
        {
            _parts = [.. ComparedPart.OfChanges(narrowing, _node, a, b, _changes).SelectMany(static part => part.Space.Destinations, static (part, destination) => (part, destination))];
        }
    }

    /// <summary>Whether the rules split packets so often that only the parts are compared that a change can touch.</summary>
    public bool IsHard => _isHard;

    /// <summary>Number of destinations to compare, for progress.</summary>
    public int Destinations => _parts?.Count ?? _space.Destinations.Count;

    /// <summary>Compares everything, one destination after the other.</summary>
    public ComparisonFindings Compare()
    {
        ComparisonWorker worker = NewWorker();
        IReadOnlyList<RulesetDifference>[] found = new IReadOnlyList<RulesetDifference>[Destinations];
        for (int index = 0; index < found.Length; index++)
        {
            found[index] = Compare(worker, index);
        }

        return Conclude(found);
    }

    /// <summary>What <see cref="Compare(ComparisonWorker, int)"/> works with; for one caller at a time, while others have their own.</summary>
    /// <param name="stop">Ends a comparison, in the middle of a destination too.</param>
    public ComparisonWorker NewWorker(CancellationToken stop = default)
    {
        // Built before workers share them.
        _ = _a.Rules.BaseChains(Hook.Input);
        _ = _b.Rules.BaseChains(Hook.Input);
        return new(
            new PacketWalker(_a, _node, _space.OutputInterfaces),
            new PacketWalker(_b, _node, _space.OutputInterfaces),
            new PathEquivalence(_family, _factsA, _factsB) { Stop = stop },
            stop);
    }

    /// <summary>Concludes when all destinations have been compared.</summary>
    /// <param name="found">The differences by destination; null for a destination that was not compared.</param>
    public ComparisonFindings Conclude(IReadOnlyList<RulesetDifference>?[] found)
    {
        foreach ((int index, string a, string b) in _lists.FindMixed(_equal?.Lists ?? []))
        {
            AddMixedList(found, index, a, b);
        }

        return new()
        {
            Destinations = Destinations,
            Undecided = found.Count(static list => list is null),
            Origins = _space.Origins,
            Differences = [.. found.SelectMany(static list => list ?? [])],
        };
    }

    /// <summary>Compares what is done with packets to one class of destinations.</summary>
    /// <param name="worker">What to work with.</param>
    /// <param name="index">The number of the destination.</param>
    public IReadOnlyList<RulesetDifference> Compare(ComparisonWorker worker, int index)
    {
        IpAddress destination = DestinationOf(index);
        if (_parts is null && _equal is not null && _equal.Contains(destination))
        {
            return [];
        }

        ComparedPart part = _parts is null ? _all : _parts[index].Part;
        DestinationFindings findings = new(destination, _description, _knownDifferences);
        foreach (TrafficOrigin origin in part.Space.Origins)
        {
            if (_parts is null && TryWalk(worker, destination, origin, _effort) is { } plain)
            {
                findings.Add(worker.Equivalence, origin, plain, long.MaxValue);
            }
            else if (!CompareNarrowed(worker, part, destination, origin, findings))
            {
                break;
            }

            _lists.Note(worker.Equivalence.Conditions, index);
        }

        return findings.Differences;
    }

    /// <summary>Compares packets that only narrowed rules can be walked for.</summary>
    /// <returns>Whether there may be differences of other kinds; false if one was found and the rest would take too long.</returns>
    private static bool CompareNarrowed(ComparisonWorker worker, ComparedPart part, IpAddress destination, TrafficOrigin origin, DestinationFindings findings)
    {
        try
        {
            if (part.Walk(destination, origin, new(ProbedEffort, worker.Stop)) is { } paths)
            {
                findings.Add(worker.Equivalence, origin, paths, MostClasses);
            }

            return true;
        }
        catch (WalkEffortException)
        {
            // Single packets show most differences at once.
        }

        foreach (PacketScope probe in part.Probes(destination, origin))
        {
            if (part.Walk(probe, new(MostEffort, worker.Stop)) is { } probed)
            {
                findings.Add(worker.Equivalence, origin, probed, MostClasses);
                if (findings.HasCertain)
                {
                    findings.NoteSample();
                    return false;
                }
            }
        }

        if (part.Walk(destination, origin, new(long.MaxValue, worker.Stop)) is { } all)
        {
            findings.Add(worker.Equivalence, origin, all, MostClasses);
        }

        return true;
    }

    private IpAddress DestinationOf(int index) => _parts is null ? _space.Destinations[index] : _parts[index].Destination;

    /// <summary>Walks all packets of an origin to a destination; null if the rules split them too often.</summary>
    private (List<WalkState> A, List<WalkState> B)? TryWalk(ComparisonWorker worker, IpAddress destination, TrafficOrigin origin, long effort)
    {
        try
        {
            List<WalkState> pathsA = [];
            List<WalkState> pathsB = [];
            worker.A.Effort = new(effort, worker.Stop);
            worker.A.Walk(Start(destination, origin), pathsA);
            worker.B.Effort = new(effort, worker.Stop);
            worker.B.Walk(Start(destination, origin), pathsB);
            return pathsA.Count + pathsB.Count <= MostPaths || effort == long.MaxValue ? (pathsA, pathsB) : null;
        }
        catch (WalkEffortException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether the rules split packets too often for a plain walk of each destination, as firewalls with interfaces, ports and
    /// sources by rule do. Some destinations are tried.
    /// </summary>
    private bool SplitsOften(CancellationToken stop)
    {
        ComparisonWorker worker = NewWorker(stop);
        IReadOnlyList<IpAddress> all = _space.Destinations;
        bool areMany = new[] { _a, _b }.Any(static plan => plan.Rules.Tables.Sum(static table => table.Chains.Values.Sum(static chain => chain.Rules.Count)) > ManyRules);
        long effort = areMany ? TriedEffortOfMany : TriedEffort;
        HashSet<IpAddress> tried = [all[0], all[all.Count / 2], all[^1], .. all.Where(_node.IsLocal).Take(2)];
        long paths = 0;
        int pairs = 0;
        foreach (IpAddress destination in tried)
        {
            foreach (TrafficOrigin origin in _space.Origins.Take(TriedOrigins))
            {
                if (TryWalk(worker, destination, origin, effort) is not { } walked)
                {
                    return true;
                }

                if (!areMany && walked.A.Count + walked.B.Count > MostPathsTried)
                {
                    return true;
                }

                paths += walked.A.Count + walked.B.Count;
                pairs++;
            }
        }

        return !areMany && paths / pairs * all.Count * _space.Origins.Count > MostPathsInAll;
    }

    private WalkState Start(IpAddress destination, TrafficOrigin origin) => new()
    {
        // The node sends from its own addresses; what comes in may claim any.
        Sources = origin.Interface is null ? AddressSet.Of(_node.LocalRanges(_family)) : AddressSet.Of(AddressRange.All(_family)),
        Destination = destination,
        InputInterface = origin.Interface ?? "",
    };

    /// <summary>Shows what becomes of a client that is known to a list of each side.</summary>
    private void AddMixedList(IReadOnlyList<RulesetDifference>?[] found, int index, string listA, string listB)
    {
        IpAddress destination = DestinationOf(index);
        foreach (TrafficOrigin origin in _space.Origins)
        {
            List<WalkState> pathsA = [];
            List<WalkState> pathsB = [];
            new PacketWalker(_a, _node, _space.OutputInterfaces).Walk(Start(destination, origin), pathsA);
            new PacketWalker(_b, _node, _space.OutputInterfaces).Walk(Start(destination, origin), pathsB);
            PathEquivalence equivalence = new(_family, _factsA.Knowing(listA), _factsB.Knowing(listB));
            RulesetDifference? first = null;
            equivalence.Compare(pathsA, pathsB, (cell, a, b) =>
            {
                first ??= _description.Describe(destination, origin, cell, equivalence.Conditions, a, b);
                return true;
            });
            if (first is not null)
            {
                RulesetDifference mixed = first with
                {
                    PacketA = first.PacketA with { KnownTo = [listA] },
                    PacketB = first.PacketB with { KnownTo = [listB] },
                    KnownEndpoints = [_factsA.NameOf(listA)],
                };
                found[index] = [.. found[index] ?? [], mixed];
                return;
            }
        }
    }
}

/// <summary>How rule sets are compared.</summary>
public enum ComparisonMethod : byte
{
    /// <summary>What takes least, as far as the rules show.</summary>
    Chosen,

    /// <summary>All packets to each destination are walked.</summary>
    EveryDestination,

    /// <summary>Only the packets that a rule may match which one side alone has, through the rules that these packets can meet.</summary>
    ByChanges,
}

/// <summary>What a comparison of two rule sets found.</summary>
public sealed class ComparisonFindings
{
    /// <summary>Classes of destinations that were to be compared.</summary>
    public int Destinations { get; init; }

    /// <summary>How many of them were not, because the comparison was ended before.</summary>
    public int Undecided { get; init; }

    /// <summary>The origins that were compared: the node, and an interface of each class.</summary>
    public required IReadOnlyList<TrafficOrigin> Origins { get; init; }

    /// <summary>The differences, ordered by destination; none if the rule sets are equal.</summary>
    public required IReadOnlyList<RulesetDifference> Differences { get; init; }
}

/// <summary>What one caller of <see cref="RulesetComparison"/> works with: buffers that are used again.</summary>
public sealed class ComparisonWorker
{
    internal ComparisonWorker(PacketWalker a, PacketWalker b, PathEquivalence equivalence, CancellationToken stop)
    {
        Stop = stop;
        A = a;
        B = b;
        Equivalence = equivalence;
    }

    internal PacketWalker A { get; }

    internal PacketWalker B { get; }

    internal PathEquivalence Equivalence { get; }

    /// <summary>Ends a comparison.</summary>
    internal CancellationToken Stop { get; }
}
