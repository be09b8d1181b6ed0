using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>
/// Walks the first packet of a connection through a rule set as the kernel would, all branches at once: random choices
/// with their probabilities, and ranges of sources split where rules treat them differently. Exact for everything that
/// kube-proxy and this program write; what is not understood makes outcomes uncertain instead of being skipped.
/// Not for several threads at once.
/// </summary>
/// <remarks>
/// Inside, it walks whole spaces of packets: protocols, ports, marks, and what conntrack knows are sets too, which are split
/// when a rule asks. A comparison of rule sets starts from everything; <see cref="Walk(WalkPacket)"/> from one packet.
/// </remarks>
public sealed class PacketWalker
{
    /// <summary>NF_IP_PRI_CONNTRACK of linux/netfilter_ipv4.h.</summary>
    private const int TrackingPriority = -200;

    private readonly WalkContext _context;
    private readonly ChainTraversal _chains;

    /// <summary>Prepares walks.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="node">The node.</param>
    public PacketWalker(Ruleset rules, NodeView node)
        : this(new RulePlan(rules), node, [])
    {
    }

    /// <summary>Prepares walks of spaces of packets.</summary>
    internal PacketWalker(RulePlan plan, NodeView node, IReadOnlyList<string> outputInterfaces)
    {
        _context = new(plan, node, outputInterfaces);
        _chains = new(_context);
    }

    /// <summary>All paths that a packet can take, with their probabilities.</summary>
    public IReadOnlyList<WalkOutcome> Walk(WalkPacket packet)
    {
        WalkState start = new()
        {
            Sources = AddressSet.Of(packet.Source),
            Destination = packet.Destination,
            Protocols = ProtocolSets.Of(packet.Protocol),
            SourcePorts = packet.IsSourcePortOpen ? PortSet.All : PortSet.Of(packet.SourcePort),
            DestinationPorts = PortSet.Of(packet.DestinationPort),
            InputInterface = packet.InputInterface ?? "",
            OutputInterface = packet.OutputInterface,
            Bits = MarkBits.Of(packet.Mark),
            Kinds = ConnectionKindStates.KindOf(packet.State),
        };
        _context.Packet = packet;
        List<WalkState> ends = [];
        Walk(start, ends);
        ChainTraversal.JoinAlike(ends, areAtEnd: true);
        _context.Packet = null;
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

    /// <summary>How much a walk may do; null for any amount.</summary>
    internal WalkEffort? Effort
    {
        set => _context.Effort = value;
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
        List<WalkState> routed = _context.States.Rent();
        routed.Add(start);
        RunHook(Hook.Prerouting, routed, ends, withNat: true);
        List<WalkState> local = _context.States.Rent();
        List<WalkState> others = _context.States.Rent();
        foreach (WalkState state in routed)
        {
            (_context.IsForThisNode(state) ? local : others).Add(state);
        }

        RunHook(Hook.Input, local, ends, withNat: true);
        Finish(local, ends);
        RunHook(Hook.Forward, others, ends, withNat: true);
        RunHook(Hook.Postrouting, others, ends, withNat: true);
        Finish(others, ends);
        _context.States.Return(routed);
        _context.States.Return(local);
        _context.States.Return(others);
    }

    private void WalkFromNode(WalkState start, List<WalkState> ends)
    {
        List<WalkState> sent = _context.States.Rent();
        sent.Add(start);
        RunHook(Hook.Output, sent, ends, withNat: true);
        RunHook(Hook.Postrouting, sent, ends, withNat: true);
        List<WalkState> received = _context.States.Rent();
        foreach (WalkState state in sent)
        {
            if (!_context.IsForThisNode(state))
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
        _context.States.Return(sent);
        _context.States.Return(received);
    }

    /// <summary>Takes packets through the base chains of a hook and leaves those in the list that go on.</summary>
    private void RunHook(Hook hook, List<WalkState> states, List<WalkState> ends, bool withNat)
    {
        if (states.Count == 0)
        {
            return;
        }

        foreach (WalkState state in states)
        {
            // The output interface of a hook is that of the last routing, whatever rules of this hook change.
            state.Route += state.IsRerouted ? 1 : 0;
            if (_context.Node.Network is { AsksForMarks: true })
            {
                state.RoutedMark = OutputRoute.MarkAt(hook, state);
            }

            state.IsRerouted = false;
            state.RoutedTo = state.Destination;
        }

        foreach ((WalkTable table, WalkChain chain) in _context.Plan.Rules.BaseChains(hook))
        {
            if (chain.Rules.Count == 0 && chain.Policy == WalkVerdict.Accept)
            {
                continue;
            }

            ChainPlan plan = _context.Plan.Of(table, chain);
            List<WalkState> accepted = _context.States.Rent();
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

                bool isBeforeTracking = withNat && hook is Hook.Prerouting or Hook.Output && chain.Priority < TrackingPriority;
                RunBaseChain(new ChainCall(hook, plan, 0, isBeforeTracking), seen, accepted, ends);
            }

            if (_context.Packet is not null)
            {
                ChainTraversal.JoinAlike(accepted);
            }

            states.Clear();
            states.AddRange(accepted);
            _context.States.Return(accepted);
        }
    }

    private void RunBaseChain(ChainCall call, WalkState state, List<WalkState> accepted, List<WalkState> ends)
    {
        List<ChainExit> exits = _context.Exits.Rent();
        _chains.RunChain(call, state, exits);
        foreach (ChainExit exit in exits)
        {
            WalkVerdict verdict = exit.Verdict == WalkVerdict.Return ? call.Plan.Chain.Policy : exit.Verdict;
            if (verdict == WalkVerdict.Accept)
            {
                accepted.Add(exit.State);
            }
            else
            {
                if (exit.Verdict == WalkVerdict.Return && _context.Packet is not null)
                {
                    exit.State.Trace = new(Policy(call), exit.State.Trace);
                }

                End(exit.State, verdict, ends);
            }
        }

        _context.Exits.Return(exits);
    }

    private static WalkTraceEntry Policy(in ChainCall call) =>
        new(call.Hook, call.Plan.Table.Name, call.Plan.Chain.Name, 0, "policy DROP", "", "drops") { IsInBaseChain = true, IsPolicy = true };

    /// <summary>nat chains see only the first packet of a connection: adds the others to the passing ones, and returns the new ones; null if there are none.</summary>
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
        Target = state.Target ?? (state.ArePortsPicked ? new EndpointAddress(state.Destination, state.DestinationPorts.First) : null),
        TargetPorts = state.ArePortsPicked ? new PortRange(state.DestinationPorts.First, state.DestinationPorts.Ranges[^1].Last) : null,
        IsToThisNode = state.IsToThisNode,
        IsUntracked = state.Kinds == ConnectionKinds.Untracked,
        NewSource = state.NewSource,
        IsMasqueraded = state.IsMasqueraded,
        Mark = state.Mark,
        AffinitySeconds = state.AffinitySeconds,
        IsUncertain = state.IsUncertain,
        IsOpen = state.Unknown is not null,
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
}
