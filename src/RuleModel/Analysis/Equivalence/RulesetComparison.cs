using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Decides whether two rule sets do the same with every packet. Destinations and origins are enumerated, one for each class
/// that either set can tell apart; everything else (sources, ports, protocols, marks, what conntrack and session affinity
/// know) is walked as a whole space that splits where rules ask. docs/compare.md says what counts as the same.
/// </summary>
public sealed class RulesetComparison
{
    // Protocols that no Service has; each stands for all such protocols of its family (IANA).
    private const byte OtherIPv4Protocol = 1; // ICMP
    private const byte OtherIPv6Protocol = 58; // ICMPv6

    private readonly RulePlan _a;
    private readonly RulePlan _b;
    private readonly NodeView _node;
    private readonly HeaderSpace _space;
    private readonly RuleFacts _factsA;
    private readonly RuleFacts _factsB;
    private readonly KnownModeDifferences? _knownDifferences;
    private readonly IpFamily _family;
    private readonly ConcurrentDictionary<(string A, string B), int> _pairs = new();

    /// <summary>Prepares a comparison.</summary>
    /// <param name="a">The first rule set.</param>
    /// <param name="b">The second, of the same family.</param>
    /// <param name="nodeAddresses">The addresses on the node's interfaces, of both families.</param>
    public RulesetComparison(Ruleset a, Ruleset b, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        _family = a.Family;
        _a = new(a);
        _b = new(b);
        _node = new(nodeAddresses);
        _space = new([_a, _b], _node, a.Family);
        _factsA = new(a);
        _factsB = new(b);
        _knownDifferences = KnownModeDifferences.Of(_a, _b, _node);
    }

    /// <summary>Number of destinations to compare, for progress.</summary>
    public int Destinations => _space.Destinations.Count;

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
    public ComparisonWorker NewWorker()
    {
        // Built before workers share them.
        _ = _a.Rules.BaseChains(Hook.Input);
        _ = _b.Rules.BaseChains(Hook.Input);
        return new(
            new PacketWalker(_a, _node, _space.OutputInterfaces),
            new PacketWalker(_b, _node, _space.OutputInterfaces),
            new PathEquivalence(_family, _factsA, _factsB));
    }

    /// <summary>Concludes when all destinations have been compared.</summary>
    /// <param name="found">The differences by destination.</param>
    public ComparisonFindings Conclude(IReadOnlyList<RulesetDifference>[] found)
    {
        AddMixedLists(found);
        return new() { Destinations = Destinations, Origins = _space.Origins, Differences = [.. found.SelectMany(static list => list)] };
    }

    /// <summary>Compares what is done with packets to one class of destinations.</summary>
    /// <param name="worker">What to work with.</param>
    /// <param name="index">The number of the destination.</param>
    public IReadOnlyList<RulesetDifference> Compare(ComparisonWorker worker, int index)
    {
        IpAddress destination = _space.Destinations[index];
        Dictionary<(ushort Port, ProtocolSet Protocols, string? Mode, bool IsUncertain), int> places = [];
        List<RulesetDifference>? differences = null;
        foreach (TrafficOrigin origin in _space.Origins)
        {
            List<WalkState> pathsA = [];
            List<WalkState> pathsB = [];
            worker.A.Walk(Start(destination, origin), pathsA);
            worker.B.Walk(Start(destination, origin), pathsB);
            worker.Equivalence.Compare(pathsA, pathsB, (cell, a, b) =>
            {
                ModeDifference? mode = _knownDifferences?.Classify(destination, origin, cell, a, b);
                bool isUncertain = IsUncertain(cell, worker.Equivalence.Conditions, a, b);
                (ushort, ProtocolSet, string?, bool) key = (cell.DestinationPort, cell.Protocols, mode?.Name, isUncertain);
                differences ??= [];
                if (places.TryGetValue(key, out int place))
                {
                    differences[place] = differences[place] with { Classes = differences[place].Classes + 1 };
                }
                else
                {
                    places.Add(key, differences.Count);
                    differences.Add(Describe(destination, origin, cell, worker.Equivalence.Conditions, a, b) with { Mode = mode, IsUncertain = isUncertain });
                }
            });
            Pair(worker.Equivalence.Conditions, index);
        }

        return differences ?? (IReadOnlyList<RulesetDifference>)[];
    }

    private WalkState Start(IpAddress destination, TrafficOrigin origin) => new()
    {
        // The node sends from its own addresses; what comes in may claim any.
        Sources = origin.Interface is null ? AddressSet.Of(_node.LocalRanges(_family)) : AddressSet.Of(AddressRange.All(_family)),
        Destination = destination,
        InputInterface = origin.Interface ?? "",
    };

    /// <summary>
    /// A difference under a match that is not understood is one if both rule sets have that match: it holds or not for both.
    /// Otherwise it cannot be told, nor if they met different statements that are not understood.
    /// </summary>
    private bool IsUncertain(in ComparedCell cell, IReadOnlyList<PathCondition> conditions, List<ResultShare> a, List<ResultShare> b)
    {
        for (ComparedCell.SettledCondition? link = cell.Conditions; link is not null; link = link.Before)
        {
            string text = conditions[link.Condition].Text;
            if (text.Length != 0 && !(_factsA.UnknownMatches.Contains(text) && _factsB.UnknownMatches.Contains(text)))
            {
                return true;
            }
        }

        return !a.Select(share => share.Result.Unknown).ToHashSet(StringComparer.Ordinal).SetEquals(b.Select(share => share.Result.Unknown));
    }

    private RulesetDifference Describe(
        IpAddress destination, TrafficOrigin origin, in ComparedCell cell, IReadOnlyList<PathCondition> conditions, List<ResultShare> a, List<ResultShare> b)
    {
        List<string> listsA = [];
        List<string> listsB = [];
        List<string> endpoints = [];
        List<(string, bool)> assumptions = [];
        for (ComparedCell.SettledCondition? link = cell.Conditions; link is not null; link = link.Before)
        {
            PathCondition condition = conditions[link.Condition];
            if (condition.Text.Length != 0)
            {
                assumptions.Add((condition.Text, link.IsTrue));
            }
            else if (link.IsTrue)
            {
                endpoints.Add(condition.Endpoint);
                AddIfAny(listsA, condition.ListA);
                AddIfAny(listsB, condition.ListB);
            }
        }

        TransportProtocol? protocol = ProtocolSets.FirstOf(cell.Protocols);
        WalkPacket packet = new(
            new AddressRange(cell.Source, cell.Source),
            destination,
            protocol ?? (TransportProtocol)(_family == IpFamily.IPv4 ? OtherIPv4Protocol : OtherIPv6Protocol),
            cell.DestinationPort)
        {
            SourcePort = cell.SourcePort,
            InputInterface = origin.Interface,
            OutputInterface = cell.OutputInterface,
            Mark = cell.Mark,
            State = ConnectionKindStates.Of(cell.Kinds),
        };
        return new()
        {
            PacketA = packet with { KnownTo = EquatableArray.CopyOf(listsA) },
            PacketB = packet with { KnownTo = EquatableArray.CopyOf(listsB) },
            A = a,
            B = b,
            KnownEndpoints = endpoints,
            Assumptions = assumptions,
        };
    }

    private static void AddIfAny(List<string> lists, string? list)
    {
        if (list is not null)
        {
            lists.Add(list);
        }
    }

    /// <summary>Notes which lists of clients stand for each other.</summary>
    private void Pair(IReadOnlyList<PathCondition> conditions, int index)
    {
        foreach (PathCondition condition in conditions)
        {
            if (condition.ListA is { } a && condition.ListB is { } b)
            {
                _pairs.AddOrUpdate((a, b), index, (_, known) => Math.Min(known, index));
            }
        }
    }

    /// <summary>
    /// Lists are taken for the same by the endpoint that they remember. Where several Services have one endpoint, they must also
    /// be the same for each: two rule sets differ if one list of the first stands for two of the second, or the other way round.
    /// </summary>
    private void AddMixedLists(IReadOnlyList<RulesetDifference>[] found)
    {
        Dictionary<string, string> aToB = new(StringComparer.Ordinal);
        Dictionary<string, string> bToA = new(StringComparer.Ordinal);
        foreach (((string a, string b), int index) in _pairs.OrderBy(pair => pair.Value).ThenBy(pair => pair.Key.A, StringComparer.Ordinal).ThenBy(pair => pair.Key.B, StringComparer.Ordinal))
        {
            aToB.TryAdd(a, b);
            bToA.TryAdd(b, a);
            if (aToB[a] != b)
            {
                AddMixedList(found, index, a, aToB[a]);
            }
            else if (bToA[b] != a)
            {
                AddMixedList(found, index, bToA[b], b);
            }
        }
    }

    /// <summary>Shows what becomes of a client that is known to a list of each side.</summary>
    private void AddMixedList(IReadOnlyList<RulesetDifference>[] found, int index, string listA, string listB)
    {
        IpAddress destination = _space.Destinations[index];
        foreach (TrafficOrigin origin in _space.Origins)
        {
            List<WalkState> pathsA = [];
            List<WalkState> pathsB = [];
            new PacketWalker(_a, _node, _space.OutputInterfaces).Walk(Start(destination, origin), pathsA);
            new PacketWalker(_b, _node, _space.OutputInterfaces).Walk(Start(destination, origin), pathsB);
            PathEquivalence equivalence = new(_family, _factsA.Knowing(listA), _factsB.Knowing(listB));
            RulesetDifference? first = null;
            equivalence.Compare(pathsA, pathsB, (cell, a, b) => first ??= Describe(destination, origin, cell, equivalence.Conditions, a, b));
            if (first is not null)
            {
                RulesetDifference mixed = first with
                {
                    PacketA = first.PacketA with { KnownTo = [listA] },
                    PacketB = first.PacketB with { KnownTo = [listB] },
                    KnownEndpoints = [_factsA.NameOf(listA)],
                };
                found[index] = [.. found[index], mixed];
                return;
            }
        }
    }
}

/// <summary>What a comparison of two rule sets found.</summary>
public sealed class ComparisonFindings
{
    /// <summary>Classes of destinations that were compared.</summary>
    public int Destinations { get; init; }

    /// <summary>The origins that were compared: the node, and an interface of each class.</summary>
    public required IReadOnlyList<TrafficOrigin> Origins { get; init; }

    /// <summary>The differences, ordered by destination; none if the rule sets are equal.</summary>
    public required IReadOnlyList<RulesetDifference> Differences { get; init; }
}

/// <summary>What one caller of <see cref="RulesetComparison"/> works with: buffers that are used again.</summary>
public sealed class ComparisonWorker
{
    internal ComparisonWorker(PacketWalker a, PacketWalker b, PathEquivalence equivalence)
    {
        A = a;
        B = b;
        Equivalence = equivalence;
    }

    internal PacketWalker A { get; }

    internal PacketWalker B { get; }

    internal PathEquivalence Equivalence { get; }
}
