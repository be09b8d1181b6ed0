using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Walks the first packet of a connection through a rule set as the kernel would, all branches at once: random choices
/// with their probabilities, and ranges of sources split where rules tell them apart. Exact for everything that
/// kube-proxy and this program write; what is not understood makes outcomes uncertain instead of being skipped.
/// Not for several threads at once.
/// </summary>
/// <remarks>
/// Inside, it walks whole spaces of packets: protocols, ports, marks, and what conntrack knows are sets too, which are split
/// when a rule asks. A comparison of rule sets starts from everything; <see cref="Walk(WalkPacket)"/> from one packet.
/// </remarks>
public sealed partial class PacketWalker
{
    /// <summary>Chains deeper than this are a loop; the kernel refuses those too.</summary>
    private const int MaxDepth = 64;

    private readonly RulePlan _plan;
    private readonly NodeView _node;
    private readonly AddressRange[] _localRanges;
    private readonly Stack<List<WalkState>> _stateLists = new();
    private readonly Stack<List<ChainExit>> _exitLists = new();
    private readonly Stack<List<LookupHit>> _hitLists = new();

    /// <summary>Output interfaces that rules tell apart; empty when the way out is not known.</summary>
    private readonly IReadOnlyList<string> _outputInterfaces = [];

    /// <summary>The packet that is walked; null for a space of packets.</summary>
    private WalkPacket? _packet;

    /// <summary>Prepares walks.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="node">The node.</param>
    public PacketWalker(Ruleset rules, NodeView node)
        : this(new RulePlan(rules), node, [])
    {
    }

    /// <summary>Prepares walks of spaces.</summary>
    internal PacketWalker(RulePlan plan, NodeView node, IReadOnlyList<string> outputInterfaces)
    {
        _plan = plan;
        _node = node;
        _localRanges = node.LocalRanges(plan.Rules.Family);
        _outputInterfaces = outputInterfaces;
    }

    /// <summary>All ways that a packet can go.</summary>
    public IReadOnlyList<WalkOutcome> Walk(WalkPacket packet)
    {
        WalkState start = new()
        {
            Sources = AddressSet.Of(packet.Source),
            Destination = packet.Destination,
            Protocols = ProtocolSets.Of(packet.Protocol),
            SourcePorts = PortSet.Of(packet.SourcePort),
            DestinationPorts = PortSet.Of(packet.DestinationPort),
            InputInterface = packet.InputInterface ?? "",
            OutputInterface = packet.OutputInterface,
            Bits = MarkBits.Of(packet.Mark),
            Kinds = ConnectionKindStates.KindOf(packet.State),
        };
        _packet = packet;
        List<WalkState> ends = [];
        Walk(start, ends);
        _packet = null;
        List<WalkOutcome> outcomes = new(ends.Count);
        foreach (WalkState end in ends)
        {
            List<WalkTraceEntry> trace = TraceOf(end);
            foreach (AddressRange range in end.Sources.Ranges)
            {
                outcomes.Add(Outcome(end, range, trace));
            }
        }

        return outcomes;
    }

    /// <summary>Takes a space of packets through the rules; a packet without input interface is one that the node makes.</summary>
    internal void Walk(WalkState start, List<WalkState> ends)
    {
        if (start.InputInterface.Length == 0)
        {
            WalkFromNode(start, ends);
        }
        else
        {
            WalkFromNetwork(start, ends);
        }
    }

    private void WalkFromNetwork(WalkState start, List<WalkState> ends)
    {
        List<WalkState> routed = RentStates();
        routed.Add(start);
        RunHook(Hook.Prerouting, routed, ends, withNat: true);
        List<WalkState> local = RentStates();
        List<WalkState> others = RentStates();
        foreach (WalkState state in routed)
        {
            (_node.IsLocal(state.Destination) ? local : others).Add(state);
        }

        RunHook(Hook.Input, local, ends, withNat: true);
        Finish(local, ends);
        RunHook(Hook.Forward, others, ends, withNat: true);
        RunHook(Hook.Postrouting, others, ends, withNat: true);
        Finish(others, ends);
        Return(routed);
        Return(local);
        Return(others);
    }

    private void WalkFromNode(WalkState start, List<WalkState> ends)
    {
        List<WalkState> sent = RentStates();
        sent.Add(start);
        RunHook(Hook.Output, sent, ends, withNat: true);
        RunHook(Hook.Postrouting, sent, ends, withNat: true);
        List<WalkState> received = RentStates();
        foreach (WalkState state in sent)
        {
            if (!_node.IsLocal(state.Destination))
            {
                End(state, WalkVerdict.Accept, ends);
                continue;
            }

            // Delivered over loopback: it comes in again, but its addresses are settled.
            state.InputInterface = "lo";
            received.Add(state);
        }

        RunHook(Hook.Prerouting, received, ends, withNat: false);
        RunHook(Hook.Input, received, ends, withNat: false);
        Finish(received, ends);
        Return(sent);
        Return(received);
    }

    /// <summary>Takes packets through the base chains of a hook and leaves those in the list that go on.</summary>
    private void RunHook(Hook hook, List<WalkState> states, List<WalkState> ends, bool withNat)
    {
        if (states.Count == 0)
        {
            return;
        }

        foreach ((WalkTable table, WalkChain chain) in _plan.Rules.BaseChains(hook))
        {
            if (chain.Rules.Count == 0 && chain.Policy == WalkVerdict.Accept)
            {
                continue;
            }

            ChainPlan plan = _plan.Of(table, chain);
            List<WalkState> accepted = RentStates();
            foreach (WalkState state in states)
            {
                WalkState? seen = state;
                if (chain.IsNat)
                {
                    seen = withNat && !IsNatDone(hook, state) ? NewOf(state, accepted) : null;
                    if (seen is null)
                    {
                        accepted.Add(state);
                        continue;
                    }
                }

                RunBaseChain(new Place(hook, plan, 0), seen, accepted, ends);
            }

            states.Clear();
            states.AddRange(accepted);
            Return(accepted);
        }
    }

    private void RunBaseChain(Place place, WalkState state, List<WalkState> accepted, List<WalkState> ends)
    {
        List<ChainExit> exits = RentExits();
        RunChain(place, state, exits);
        foreach (ChainExit exit in exits)
        {
            WalkVerdict verdict = exit.Verdict == WalkVerdict.Return ? place.Plan.Chain.Policy : exit.Verdict;
            if (verdict == WalkVerdict.Accept)
            {
                accepted.Add(exit.State);
            }
            else
            {
                End(exit.State, verdict, ends);
            }
        }

        Return(exits);
    }

    /// <summary>Chains that rewrite see new packets alone: lets the others pass by, and gives the new ones; null if there is none.</summary>
    private static WalkState? NewOf(WalkState state, List<WalkState> passing)
    {
        ConnectionKinds others = state.Kinds & ~ConnectionKinds.New;
        if ((state.Kinds & ConnectionKinds.New) == 0)
        {
            return null;
        }

        if (others != 0)
        {
            WalkState known = state.Copy();
            known.Kinds = others;
            passing.Add(known);
            state.Kinds = ConnectionKinds.New;
        }

        return state;
    }

    private static bool IsNatDone(Hook hook, WalkState state) =>
        hook is Hook.Prerouting or Hook.Output ? state.IsRewritten : state.IsMasqueraded;

    private static void Finish(List<WalkState> states, List<WalkState> ends)
    {
        foreach (WalkState state in states)
        {
            End(state, WalkVerdict.Accept, ends);
        }
    }

    private static void End(WalkState state, WalkVerdict verdict, List<WalkState> ends)
    {
        state.Verdict = verdict;
        ends.Add(state);
    }

    private static WalkOutcome Outcome(WalkState state, AddressRange source, List<WalkTraceEntry> trace) => new()
    {
        Source = source,
        Probability = state.Probability,
        Verdict = state.Verdict,
        RejectWith = state.Verdict == WalkVerdict.Reject ? state.RejectWith : "",
        Target = state.Target,
        IsMasqueraded = state.IsMasqueraded,
        Mark = state.Mark,
        AffinitySeconds = state.AffinitySeconds,
        IsUncertain = state.IsUncertain,
        Trace = trace,
    };

    private static List<WalkTraceEntry> TraceOf(WalkState state)
    {
        List<WalkTraceEntry> trace = [];
        for (WalkState.TraceLink? link = state.Trace; link is not null; link = link.Before)
        {
            trace.Add(link.Entry);
        }

        trace.Reverse();
        return trace;
    }

    /// <summary>Takes a packet through a chain. Every way out is an exit; <see cref="WalkVerdict.Return"/> is the end of the chain.</summary>
    private void RunChain(Place place, WalkState state, List<ChainExit> exits)
    {
        if (place.Depth > MaxDepth)
        {
            MeetUnknown(state, "chains that call each other without end");
            exits.Add(new(state, WalkVerdict.Return));
            return;
        }

        ReadOnlySpan<int> own = place.Plan.For(state.Destination);
        ReadOnlySpan<int> others = place.Plan.Others;
        List<WalkState> alive = RentStates();
        List<WalkState> next = RentStates();
        alive.Add(state);
        while (alive.Count != 0 && (own.Length != 0 || others.Length != 0))
        {
            bool isOwn = others.Length == 0 || (own.Length != 0 && own[0] < others[0]);
            int position = isOwn ? own[0] : others[0];
            own = isOwn ? own[1..] : own;
            others = isOwn ? others : others[1..];
            foreach (WalkState current in alive)
            {
                ApplySteps(new RuleRun(place, position, next, exits), 0, current, isTraced: false);
            }

            if (place.Plan.HasUnknown(position))
            {
                JoinAlike(next);
            }

            alive.Clear();
            (alive, next) = (next, alive);
        }

        foreach (WalkState left in alive)
        {
            exits.Add(new(left, WalkVerdict.Return));
        }

        Return(alive);
        Return(next);
    }

    /// <summary>
    /// Joins ways that are alike but for a match that is not understood: it made no difference. Without this each such rule
    /// would double them.
    /// </summary>
    private void JoinAlike(List<WalkState> states)
    {
        for (int index = 0; index < states.Count; index++)
        {
            for (int other = states.Count - 1; other > index; other--)
            {
                if (TryJoin(states[index], states[other]))
                {
                    states.RemoveAt(other);
                }
            }
        }
    }

    private bool TryJoin(WalkState kept, WalkState other)
    {
        if (!kept.IsLike(other))
        {
            return false;
        }

        if (_packet is not null)
        {
            return kept.IsUncertain;
        }

        if (kept.Assumed is not { } left || other.Assumed is not { } right
            || !left.Condition.Equals(right.Condition) || left.IsTrue == right.IsTrue || !ReferenceEquals(left.Before, right.Before))
        {
            return false;
        }

        kept.Assumed = left.Before;
        return true;
    }

    private List<WalkState> RentStates() => _stateLists.TryPop(out List<WalkState>? list) ? list : [];

    private List<ChainExit> RentExits() => _exitLists.TryPop(out List<ChainExit>? list) ? list : [];

    private List<LookupHit> RentHits() => _hitLists.TryPop(out List<LookupHit>? list) ? list : [];

    private void Return(List<WalkState> list)
    {
        list.Clear();
        _stateLists.Push(list);
    }

    private void Return(List<ChainExit> list)
    {
        list.Clear();
        _exitLists.Push(list);
    }

    private void Return(List<LookupHit> list)
    {
        list.Clear();
        _hitLists.Push(list);
    }

    /// <summary>Where the walk is.</summary>
    private readonly record struct Place(Hook Hook, ChainPlan Plan, int Depth);

    /// <summary>A rule that is applied, and where packets go that it does not keep.</summary>
    /// <param name="Place">The chain.</param>
    /// <param name="Position">The rule's index.</param>
    /// <param name="Next">Receives what goes on to the next rule.</param>
    /// <param name="Exits">Receives what leaves the chain.</param>
    private readonly record struct RuleRun(Place Place, int Position, List<WalkState> Next, List<ChainExit> Exits);

    private readonly record struct ChainExit(WalkState State, WalkVerdict Verdict);

    private readonly record struct LookupHit(WalkState State, int Value);
}
