namespace KubeProxySharp.RuleModel.Walk;

/// <summary>
/// Walks the first packet of a connection through a rule set as the kernel would, all branches at once: random choices
/// with their probabilities, and ranges of sources split where rules tell them apart. Exact for everything that
/// kube-proxy and this program write; what is not understood makes outcomes uncertain instead of being skipped.
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="node">The node.</param>
public sealed partial class PacketWalker(Ruleset rules, NodeView node)
{
    /// <summary>Chains deeper than this are a loop; the kernel refuses those too.</summary>
    private const int MaxDepth = 64;

    private readonly AddressRange[] _localRanges = node.LocalRanges(rules.Family);

    /// <summary>All ways that a packet can go.</summary>
    public IReadOnlyList<WalkOutcome> Walk(WalkPacket packet)
    {
        WalkState start = new()
        {
            Source = packet.Source,
            Destination = packet.Destination,
            Protocol = packet.Protocol,
            SourcePort = packet.SourcePort,
            DestinationPort = packet.DestinationPort,
            InputInterface = packet.InputInterface ?? "",
            OutputInterface = packet.OutputInterface,
            Mark = packet.Mark,
        };
        List<WalkOutcome> outcomes = [];
        if (packet.InputInterface is null)
        {
            WalkFromNode(start, outcomes);
        }
        else
        {
            WalkFromNetwork(start, outcomes);
        }

        return outcomes;
    }

    private void WalkFromNetwork(WalkState start, List<WalkOutcome> outcomes)
    {
        foreach (WalkState routed in RunHook(Hook.Prerouting, [start], outcomes))
        {
            bool isLocal = node.IsLocal(routed.Destination);
            List<WalkState> filtered = RunHook(isLocal ? Hook.Input : Hook.Forward, [routed], outcomes);
            Finish(isLocal ? filtered : RunHook(Hook.Postrouting, filtered, outcomes), outcomes);
        }
    }

    private void WalkFromNode(WalkState start, List<WalkOutcome> outcomes)
    {
        foreach (WalkState sent in RunHook(Hook.Postrouting, RunHook(Hook.Output, [start], outcomes), outcomes))
        {
            if (!node.IsLocal(sent.Destination))
            {
                Finish([sent], outcomes);
                continue;
            }

            // Delivered over loopback: it comes in again, but its addresses are settled.
            List<WalkState> received = RunHook(Hook.Prerouting, [sent with { InputInterface = "lo" }], outcomes, withNat: false);
            Finish(RunHook(Hook.Input, received, outcomes, withNat: false), outcomes);
        }
    }

    /// <summary>Takes packets through the base chains of a hook and gives those that go on.</summary>
    private List<WalkState> RunHook(Hook hook, List<WalkState> states, List<WalkOutcome> outcomes, bool withNat = true)
    {
        foreach ((WalkTable table, WalkChain chain) in rules.BaseChains(hook))
        {
            List<WalkState> accepted = [];
            foreach (WalkState state in states)
            {
                if (chain.IsNat && (!withNat || IsNatDone(hook, state)))
                {
                    accepted.Add(state);
                    continue;
                }

                List<ChainExit> exits = [];
                RunChain(new Place(hook, table, chain, 0), state, exits);
                foreach (ChainExit exit in exits)
                {
                    WalkVerdict verdict = exit.Verdict == WalkVerdict.Return ? chain.Policy : exit.Verdict;
                    if (verdict == WalkVerdict.Accept)
                    {
                        accepted.Add(exit.State);
                    }
                    else
                    {
                        outcomes.Add(Outcome(exit.State, verdict));
                    }
                }
            }

            states = accepted;
        }

        return states;
    }

    private static bool IsNatDone(Hook hook, WalkState state) =>
        hook is Hook.Prerouting or Hook.Output ? state.Target is not null : state.IsMasqueraded;

    private static void Finish(List<WalkState> states, List<WalkOutcome> outcomes)
    {
        foreach (WalkState state in states)
        {
            outcomes.Add(Outcome(state, WalkVerdict.Accept));
        }
    }

    private static WalkOutcome Outcome(WalkState state, WalkVerdict verdict)
    {
        List<WalkTraceEntry> trace = [];
        for (WalkState.TraceLink? link = state.Trace; link is not null; link = link.Before)
        {
            trace.Add(link.Entry);
        }

        trace.Reverse();
        return new WalkOutcome
        {
            Source = state.Source,
            Probability = state.Probability,
            Verdict = verdict,
            RejectWith = verdict == WalkVerdict.Reject ? state.RejectWith : "",
            Target = state.Target,
            IsMasqueraded = state.IsMasqueraded,
            Mark = state.Mark,
            AffinitySeconds = state.AffinitySeconds,
            IsUncertain = state.IsUncertain,
            Trace = trace,
        };
    }

    /// <summary>Takes a packet through a chain. Every way out is an exit; <see cref="WalkVerdict.Return"/> is the end of the chain.</summary>
    private void RunChain(Place place, WalkState state, List<ChainExit> exits)
    {
        if (place.Depth > MaxDepth)
        {
            exits.Add(new(state with { IsUncertain = true }, WalkVerdict.Return));
            return;
        }

        List<WalkState> alive = [state];
        foreach (int position in place.Chain.Candidates(state.Destination))
        {
            List<WalkState> next = [];
            foreach (WalkState current in alive)
            {
                ApplyRule(place, position, current, next, exits);
            }

            alive = Distinct(next);
            if (alive.Count == 0)
            {
                return;
            }
        }

        foreach (WalkState left in alive)
        {
            exits.Add(new(left, WalkVerdict.Return));
        }
    }

    /// <summary>
    /// Keeps one of the uncertain ways that are alike but for the rules they went through. Without this each rule that is
    /// not understood would double them.
    /// </summary>
    private static List<WalkState> Distinct(List<WalkState> states)
    {
        if (states.Count(state => state.IsUncertain) < 2)
        {
            return states;
        }

        HashSet<WalkState> seen = [];
        return states.FindAll(state => !state.IsUncertain || seen.Add(state with { Trace = null }));
    }

    /// <summary>Where the walk is.</summary>
    private readonly record struct Place(Hook Hook, WalkTable Table, WalkChain Chain, int Depth);

    private readonly record struct ChainExit(WalkState State, WalkVerdict Verdict);
}
