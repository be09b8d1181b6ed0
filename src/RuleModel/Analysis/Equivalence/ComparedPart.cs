using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// A part of the packets that is compared, with the rules that these packets can meet: those that a rule may match that only
/// one side has, or all packets.
/// </summary>
internal sealed class ComparedPart
{
    private const int Probed = 24;
    private const int ProbeSeed = 1;
    private static readonly ProtocolSet[] s_probed = [ProtocolSet.Tcp, ProtocolSet.Udp, ProtocolSet.Tcp, ProtocolSet.Other, ProtocolSet.Tcp, ProtocolSet.Sctp];

    private static readonly ProtocolSet[] s_protocols = [ProtocolSet.Tcp, ProtocolSet.Udp, ProtocolSet.Sctp, ProtocolSet.Other];

    private readonly NarrowedRules _narrowing;
    private readonly NodeView _node;
    private readonly PacketScope _scope;
    private readonly WantedRules? _wanted;
    private readonly Ruleset _a;
    private readonly Ruleset _b;
    private readonly List<WalkRule> _rewriting;
    private readonly ConcurrentDictionary<(TrafficOrigin Origin, ProtocolSet Protocol), NarrowedPair> _near = new();

    private ComparedPart(NarrowedRules narrowing, NodeView node, PacketScope scope, WantedRules? wanted, Ruleset a, Ruleset b, HeaderSpace? space)
    {
        _narrowing = narrowing;
        _node = node;
        _scope = scope;
        _wanted = wanted;
        _a = a;
        _b = b;
        _rewriting = [.. NarrowedRules.Rewriting(a), .. NarrowedRules.Rewriting(b)];
        Space = space ?? new([new RulePlan(a), new RulePlan(b)], node, a.Family);
    }

    /// <summary>The destinations and origins that its rules tell apart.</summary>
    public HeaderSpace Space { get; }

    /// <summary>All packets.</summary>
    public static ComparedPart OfAll(NarrowedRules narrowing, NodeView node, Ruleset a, Ruleset b, HeaderSpace space) => new(narrowing, node, PacketScope.All, null, a, b, space);

    /// <summary>The packets that changed rules may match: one part for those that do not differ in what the rules ask for.</summary>
    public static IReadOnlyList<ComparedPart> OfChanges(NarrowedRules narrowing, NodeView node, Ruleset a, Ruleset b, ChangedRules changes)
    {
        List<WalkRule> rewriting = [.. NarrowedRules.Rewriting(a), .. NarrowedRules.Rewriting(b)];
        bool keepsKinds = new[] { a, b }.All(static rules => rules.Tables.SelectMany(static table => table.Chains.Values).SelectMany(static chain => chain.Rules)
            .All(static rule => Array.TrueForAll(rule.Steps.AsSpan().ToArray(), NarrowedRules.IsKnown)));
        List<(PacketScope Scope, List<ChangedRule> Changes)> groups = [];
        foreach (ChangedRule change in changes.All)
        {
            PacketScope scope = WithRewrittenPorts(PacketScope.Of(change.Rule, keepsKinds), narrowing, node, a.Family, rewriting);
            int same = groups.FindIndex(group => group.Scope.IsSameAs(scope));
            if (same < 0)
            {
                groups.Add((scope, [change]));
            }
            else
            {
                groups[same].Changes.Add(change);
            }
        }

        List<ComparedPart> parts = [];
        foreach ((PacketScope scope, List<ChangedRule> changed) in groups)
        {
            ScopeTest test = new(scope, node, a.Family, narrowing.RewritingOf(scope, rewriting));
            WantedRules wanted = WantedRules.Of(changed);
            Ruleset narrowA = narrowing.Of(a, scope, test, wanted, marks: true, out bool hasA);
            Ruleset narrowB = narrowing.Of(b, scope, test, wanted, marks: true, out bool hasB);
            if (hasA || hasB)
            {
                parts.Add(new(narrowing, node, scope, narrowing.Marked(wanted), narrowA, narrowB, null));
            }
        }

        return parts;
    }

    /// <summary>Walks the packets of one origin to one destination through both rule sets.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="origin">The origin.</param>
    /// <param name="effort">How much it may do for each rule set.</param>
    /// <returns>The paths; null if no rule that only one side has can be met, so that both do the same.</returns>
    /// <exception cref="WalkEffortException">It would do more.</exception>
    public (List<WalkState> A, List<WalkState> B)? Walk(IpAddress destination, TrafficOrigin origin, WalkEffort effort) =>
        Walk(_scope with { Destination = destination, Origin = origin }, effort);

    /// <summary>Walks packets of a scope that has a destination and an origin.</summary>
    /// <inheritdoc cref="Walk(IpAddress, TrafficOrigin, WalkEffort)"/>
    public (List<WalkState> A, List<WalkState> B)? Walk(PacketScope scope, WalkEffort effort)
    {
        List<WalkState> pathsA = [];
        List<WalkState> pathsB = [];
        foreach (ProtocolSet protocol in s_protocols)
        {
            if ((scope.Protocols & protocol) != 0 && WalkOne(scope with { Protocols = protocol }, effort) is { } paths)
            {
                pathsA.AddRange(paths.A);
                pathsB.AddRange(paths.B);
            }
        }

        return pathsA.Count + pathsB.Count == 0 ? null : (pathsA, pathsB);
    }

    /// <summary>Walks packets of one protocol: firewalls have rules that end the way of all of those, and rules after them need not be walked.</summary>
    private (List<WalkState> A, List<WalkState> B)? WalkOne(PacketScope scope, WalkEffort effort)
    {
        // First to what packets of the protocol and origin meet, once for all destinations.
        PacketScope coarse = _scope with { Origin = scope.Origin, Protocols = scope.Protocols };
        NarrowedPair near = _near.GetOrAdd((scope.Origin!, scope.Protocols), _ => Narrow(_a, _b, coarse)); // set by the caller
        if (_wanted is not null && !near.HasWanted)
        {
            return null;
        }

        NarrowedPair narrow = Narrow(near.A, near.B, scope);
        if (_wanted is not null && !narrow.HasWanted)
        {
            return null;
        }

        (List<WalkState> A, List<WalkState> B) paths = (WalkAll(narrow.A, scope, effort), WalkAll(narrow.B, scope, effort));
        return _wanted is null || paths.A.Exists(NarrowedRules.IsMarked) || paths.B.Exists(NarrowedRules.IsMarked) ? paths : null;
    }

    private NarrowedPair Narrow(Ruleset a, Ruleset b, PacketScope scope)
    {
        ScopeTest test = new(scope, _node, _a.Family, _narrowing.RewritingOf(scope, _rewriting));
        Ruleset narrowA = _narrowing.Of(a, scope, test, _wanted, marks: false, out bool hasA);
        Ruleset narrowB = _narrowing.Of(b, scope, test, _wanted, marks: false, out bool hasB);
        return new(narrowA, narrowB, hasA || hasB);
    }

    /// <summary>Single packets of the part, in a few ports, protocols and sources each. They are the same in each run.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="origin">The origin.</param>
    public IEnumerable<PacketScope> Probes(IpAddress destination, TrafficOrigin origin)
    {
        PacketScope part = _scope with { Destination = destination, Origin = origin };
        if (SourcesOf(part) is not { } sources)
        {
            yield break;
        }

        Random random = new(ProbeSeed);
        for (int number = 0; number < Probed; number++)
        {
            ProtocolSet protocol = s_probed[number % s_probed.Length];
            AddressRange range = sources.Ranges[random.Next(sources.Ranges.Length)];
            UInt128 source = range.First + ((UInt128)random.NextInt64(long.MaxValue) % (UInt128.Max(range.Last - range.First, 1)));
            (ushort first, ushort last) = part.Ports is null ? (ushort.MinValue, ushort.MaxValue) : part.Ports[random.Next(part.Ports.Length)];
            ushort port = (ushort)random.Next(first, last + 1);
            if ((part.Protocols & protocol) != 0)
            {
                yield return part with { Protocols = protocol, Sources = [new(source, source)], Ports = [(port, port)] };
            }
        }
    }

    /// <summary>Where changed rules ask for a port, packets that are sent to it from another port meet them too.</summary>
    private static PacketScope WithRewrittenPorts(PacketScope scope, NarrowedRules narrowing, NodeView node, IpFamily family, List<WalkRule> rewriting)
    {
        PacketScope any = scope with { Ports = null };
        if (scope.Ports is null || !narrowing.RewritingOf(any, rewriting).IsAny)
        {
            return scope;
        }

        List<(ushort First, ushort Last)> ports = [.. scope.Ports];
        ScopeTest test = new(any, node, family, Rewriting.None);
        foreach (WalkRule rule in rewriting.Where(test.MayMatch))
        {
            if (PacketScope.Of(rule, keepsKinds: false).Ports is not { } own)
            {
                return any;
            }

            ports.AddRange(own);
        }

        return scope with { Ports = [.. PacketScope.Merged(ports)] };
    }

    private List<WalkState> WalkAll(Ruleset rules, PacketScope scope, WalkEffort effort)
    {
        PacketWalker walker = new(new RulePlan(rules), _node, Space.OutputInterfaces) { Effort = effort };
        List<WalkState> paths = [];
        if (SourcesOf(scope) is not { } sources)
        {
            return paths;
        }

        foreach ((ushort first, ushort last) in scope.Ports ?? [(ushort.MinValue, ushort.MaxValue)])
        {
            PortSet.All.Split(first, last, out PortSet? ports, out _);
            WalkState start = new()
            {
                Sources = sources,
                Destination = scope.Destination!.Value, // set by the caller
                InputInterface = scope.Origin!.Interface ?? "", // set by the caller
                Protocols = scope.Protocols,
                Kinds = scope.Kinds,
                DestinationPorts = ports!, // a range has ports
            };
            walker.Walk(start, paths);
        }

        return paths;
    }

    /// <summary>The node sends from its own addresses; what comes in may claim any. Null if there is none.</summary>
    private AddressSet? SourcesOf(PacketScope scope)
    {
        AddressSet all = scope.Origin!.Interface is null ? AddressSet.Of(_node.LocalRanges(_a.Family)) : AddressSet.Of(AddressRange.All(_a.Family));
        if (scope.Sources is null)
        {
            return all;
        }

        all.Split(scope.Sources, out AddressSet? inside, out _);
        return inside;
    }

    /// <summary>Both rule sets, as packets of a scope meet them, and whether a rule is left that only one side has.</summary>
    private sealed record NarrowedPair(Ruleset A, Ruleset B, bool HasWanted);
}
