using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Executes the statements of rules: verdicts, jumps, marks, address rewriting and map lookups.</summary>
internal sealed class StatementExecution
{
    private readonly WalkContext _context;
    private readonly ChainTraversal _rules;

    public StatementExecution(WalkContext context, ChainTraversal rules)
    {
        _context = context;
        _rules = rules;
    }

    /// <summary>Executes the first statement of a rule and adds the rule to the trace. A lookup that finds nothing is a rule that did not match: it is not in the trace.</summary>
    public WalkState? ExecuteTraced(in RuleRun run, int index, RuleStep step, WalkState state)
    {
        WalkState.TraceLink? before = state.Trace;
        int others = run.Next.Count;
        WalkState.TraceLink noted = new(
            run.TraceEntry(StepDescription.Describe(step), state) with
            {
                IsDoubtful = step is RuleStep.UnknownStatement,
                IsRewrite = step is RuleStep.Dnat or RuleStep.DnatLookup,
                JumpsTo = (step as RuleStep.Jump)?.Chain ?? "",
            },
            before);
        state.Trace = noted;
        WalkState? current = Execute(run, index, isTraced: true, step, state);
        for (int position = others; position < run.Next.Count; position++)
        {
            if (step is RuleStep.VerdictLookup or RuleStep.DnatLookup && ReferenceEquals(run.Next[position].Trace, noted))
            {
                run.Next[position].Trace = before;
            }
        }

        return current;
    }

    /// <summary>Executes a statement.</summary>
    /// <returns>The packet that goes on in the rule; null if it does not.</returns>
    public WalkState? Execute(in RuleRun run, int index, bool isTraced, RuleStep step, WalkState state)
    {
        switch (step)
        {
            case RuleStep.Verdict verdict:
                run.Exits.Add(new(state, verdict.Kind));
                return null;
            case RuleStep.Reject reject:
                state.RejectWith = reject.With;
                run.Exits.Add(new(state, WalkVerdict.Reject));
                return null;
            case RuleStep.Jump jump:
                return ExecuteJump(run, index, isTraced, jump, state);
            case RuleStep.VerdictLookup lookup:
                ExecuteLookup(run, index, isTraced, lookup, state);
                return null;
            case RuleStep.SetMark mark:
                state.Bits = state.Bits.After(mark.And, mark.Xor);
                return state;
            case RuleStep.Dnat dnat:
                Rewrite(state, dnat.Address ?? state.Destination, dnat.Port ?? -1, run.Exits);
                return null;
            case RuleStep.DnatLookup lookup:
                ExecuteLookup(run, lookup, state);
                return null;
            case RuleStep.Masquerade:
                state.IsMasqueraded = true;
                run.Exits.Add(new(state, WalkVerdict.Accept));
                return null;
            case RuleStep.RememberClient remember:
                state.Remembered = new(remember.List, state.Remembered);
                return state;
            case RuleStep.UnknownStatement unknown:
                state.NoteUnknown(unknown.Text);
                return state;
            default:
                return state;
        }
    }

    /// <summary>Writes into the trace what a lookup found.</summary>
    private static void NoteFound(WalkState state, RuleStep found, string effect)
    {
        if (state.Trace is { } link)
        {
            state.Trace = link with { Entry = link.Entry with { Effect = effect, JumpsTo = (found as RuleStep.Jump)?.Chain ?? "" } };
        }
    }

    private void Rewrite(WalkState state, IpAddress address, int port, List<ChainExit> exits)
    {
        state.IsRewritten = true;
        state.Destination = address;
        state.NewPort = port >= 0 ? port : state.NewPort;

        // It is routed again, and may leave by another interface. A single packet names the interface that it leaves by in the end.
        state.OutputInterface = _context.Packet?.OutputInterface;
        exits.Add(new(state, WalkVerdict.Accept));
    }

    private WalkState? ExecuteJump(in RuleRun run, int index, bool isTraced, RuleStep.Jump jump, WalkState state)
    {
        if (!run.Call.Plan.Table.Chains.TryGetValue(jump.Chain, out WalkChain? chain))
        {
            // A target that is no chain of the table: an extension that is not known.
            state.NoteUnknown(jump.Chain);
            return state;
        }

        List<ChainExit> inner = _context.Exits.Rent();
        _rules.RunChain(new ChainCall(run.Call.Hook, _context.Plan.Of(run.Call.Plan.Table, chain), run.Call.Depth + 1), state, inner);
        WalkState? current = null;
        foreach (ChainExit exit in inner)
        {
            if (exit.Verdict != WalkVerdict.Return || jump.IsGoto)
            {
                run.Exits.Add(exit);
                continue;
            }

            if (current is not null)
            {
                _rules.ApplySteps(run, index + 1, current, isTraced);
            }

            current = exit.State;
        }

        _context.Exits.Return(inner);
        return current;
    }

    private void ExecuteLookup(in RuleRun run, int index, bool isTraced, RuleStep.VerdictLookup lookup, WalkState state)
    {
        LookupIndex map = _context.Plan.Of(lookup);
        RuleStep[] steps = _context.Plan.Steps(lookup.Map);
        List<LookupHit> hits = _context.Hits.Rent();

        // Nothing found: the rule does not match.
        LookupSearch.Find(map, lookup.Key, state, hits, run.Next);
        foreach (LookupHit hit in hits)
        {
            RuleStep found = steps[hit.Value];
            if (_context.Packet is not null)
            {
                NoteFound(hit.State, found, $"finds in {(lookup.Map.Name.Length == 0 ? "the map" : lookup.Map.Name)}: {StepDescription.Describe(found)}");
            }

            if (Execute(run, index, isTraced, found, hit.State) is { } current)
            {
                _rules.ApplySteps(run, index + 1, current, isTraced);
            }
        }

        _context.Hits.Return(hits);
    }

    private void ExecuteLookup(in RuleRun run, RuleStep.DnatLookup lookup, WalkState state)
    {
        LookupIndex map = _context.Plan.Of(lookup);
        EndpointAddress[] targets = _context.Plan.Targets(lookup.Map);
        List<LookupHit> hits = _context.Hits.Rent();
        LookupSearch.Find(map, lookup.Key, state, hits, run.Next);
        foreach (LookupHit hit in hits)
        {
            EndpointAddress target = targets[hit.Value];
            if (_context.Packet is not null)
            {
                NoteFound(hit.State, lookup, $"picks {target}{(lookup.Map.Name.Length == 0 ? "" : $" from {lookup.Map.Name}")}");
            }

            Rewrite(hit.State, target.Address, target.Port, run.Exits);
        }

        _context.Hits.Return(hits);
    }
}
