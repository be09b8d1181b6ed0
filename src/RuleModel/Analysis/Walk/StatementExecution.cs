using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Executes the statements of rules: verdicts, jumps, marks, address rewriting and map lookups.</summary>
internal sealed class StatementExecution
{
    private readonly WalkContext _context;
    private readonly ChainTraversal _rules;
    private readonly AddressTranslation _translation;

    public StatementExecution(WalkContext context, ChainTraversal rules)
    {
        _context = context;
        _rules = rules;
        _translation = new(context);
    }

    /// <summary>Executes the first statement of a rule and adds the rule to the trace. A lookup that finds nothing is a rule that did not match: it is not in the trace.</summary>
    public WalkState? ExecuteTraced(in RuleRun run, int index, RuleStep step, WalkState state)
    {
        WalkState.TraceLink? before = state.Trace;
        int others = run.Next.Count;
        WalkState.TraceLink noted = new(
            run.TraceEntry(StepDescription.Describe(step), state) with
            {
                IsDoubtful = IsOpen(run, step, state),
                IsOpen = IsOpen(run, step, state),
                DependsOn = (step as RuleStep.UnknownStatement)?.DependsOn ?? "",
                IsRewrite = step is RuleStep.Dnat or RuleStep.DnatLookup or RuleStep.Cases or RuleStep.Translate { Kind: not TranslationKind.Source },
                JumpsTo = (step as RuleStep.Jump)?.Chain ?? "",
            },
            before);
        state.Trace = noted;
        WalkState? current = Execute(run, index, isTraced: true, step, state);
        for (int position = others; position < run.Next.Count; position++)
        {
            if (step is RuleStep.VerdictLookup or RuleStep.DnatLookup or RuleStep.Cases && ReferenceEquals(run.Next[position].Trace, noted))
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
                return ExecuteJump(run, jump, state);
            case RuleStep.VerdictLookup lookup:
                ExecuteLookup(run, index, isTraced, lookup, state);
                return null;
            case RuleStep.Cases cases:
                ExecuteCases(run, index, isTraced, cases, state);
                return null;
            case RuleStep.SetMark mark:
                state.Bits = state.Bits.After(mark.And, mark.Xor);
                state.RestoredBits &= mark.And;
                state.IsRerouted |= run.Call.Hook == Hook.Output;
                return state;
            case RuleStep.SetConnectionMark or RuleStep.SaveMark or RuleStep.RestoreMark:
                ExecuteConnectionMark(run, step, state);
                return state;
            case RuleStep.Dnat dnat:
                _translation.Rewrite(run, state, dnat.Address ?? state.Destination, dnat.Port ?? -1);
                return null;
            case RuleStep.DnatLookup lookup:
                ExecuteLookup(run, lookup, state);
                return null;
            case RuleStep.Translate translate:
                _translation.Translate(run, translate, state);
                return null;
            case RuleStep.TranslatePrefix translate:
                _translation.TranslatePrefix(run, translate, state);
                return null;
            case RuleStep.Masquerade masquerade:
                AddressTranslation.TranslateSource(run, _context.Packet is null ? null : new(null, masquerade.Ports, masquerade.IsRandom), state);
                return null;
            case RuleStep.NoTracking:
                state.Kinds = run.Call.IsBeforeTracking && !state.HasTemplate ? ConnectionKinds.Untracked : state.Kinds;
                return state;
            case RuleStep.TrackingTemplate template:
                GiveTemplate(run, template, state);
                return state;
            case RuleStep.RememberClient remember:
                state.Remembered = new(remember.List, state.Remembered);
                return state;
            case RuleStep.ChangeSet change:
                if (_context.Packet is null)
                {
                    state.NoteUnknown(change.Text);
                }

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
        if (state.Trace is { Entry.IsDoubtful: false } link)
        {
            state.Trace = link with { Entry = link.Entry with { Effect = effect, JumpsTo = (found as RuleStep.Jump)?.Chain ?? "" } };
        }
    }

    /// <summary>Whether a step may do anything: also a jump to a chain that the table does not have, which is a target that is not known.</summary>
    private static bool IsOpen(in RuleRun run, RuleStep step, WalkState state) =>
        step is RuleStep.UnknownStatement || (step is RuleStep.TrackingTemplate template && IsTrackedLate(run, template, state)) || (step is RuleStep.Jump jump && !run.Call.Plan.Table.Chains.ContainsKey(jump.Chain));

    /// <summary>
    /// A packet that was exempted gets a template when connections were looked up already, or on its way back over loopback, where it would
    /// then be tracked and translated: that is not followed.
    /// </summary>
    private static bool IsTrackedLate(in RuleRun run, RuleStep.TrackingTemplate template, WalkState state) =>
        template.AlsoUntracked && !run.Call.IsBeforeTracking && state.Kinds == ConnectionKinds.Untracked;

    private void GiveTemplate(in RuleRun run, RuleStep.TrackingTemplate template, WalkState state)
    {
        if (IsTrackedLate(run, template, state))
        {
            state.NoteUnknown(template.Text);
            return;
        }

        if (!run.Call.IsBeforeTracking || state.HasTemplate || (state.Kinds == ConnectionKinds.Untracked && !template.AlsoUntracked))
        {
            return;
        }

        if (_context.Packet is null)
        {
            if (state.Kinds == ConnectionKinds.Untracked)
            {
                // It is tracked again, and what it would be in conntrack is not known any more.
                state.NoteUnknown(template.Text);
            }

            state.HasTemplate = state.Kinds != ConnectionKinds.Untracked;
            return;
        }

        state.Kinds = state.Kinds == ConnectionKinds.Untracked ? ConnectionKindStates.KindOf(_context.Packet.State) : state.Kinds;
        state.HasTemplate = true;
    }

    /// <summary>A packet that is not tracked has no connection whose mark could be set or restored.</summary>
    private void ExecuteConnectionMark(in RuleRun run, RuleStep step, WalkState state)
    {
        if (_context.Packet is null)
        {
            state.NoteUnknown(step.ToString());
            state.RestoredBits |= step is RuleStep.RestoreMark restored ? restored.To : 0;
            return;
        }

        if (run.Call.IsBeforeTracking || state.Kinds == ConnectionKinds.Untracked)
        {
            return;
        }

        switch (step)
        {
            case RuleStep.SetConnectionMark set:
                state.ConnectionMark = (state.ConnectionMark & set.And) ^ set.Xor;
                break;
            case RuleStep.SaveMark save:
                state.ConnectionMark = (state.ConnectionMark & ~save.To) ^ (state.Mark & save.From);
                break;
            case RuleStep.RestoreMark restore:
                state.Bits = state.Bits.After(~restore.To, state.ConnectionMark & restore.From);
                break;
        }
    }

    private WalkState? ExecuteJump(in RuleRun run, RuleStep.Jump jump, WalkState state)
    {
        if (!run.Call.Plan.Table.Chains.TryGetValue(jump.Chain, out WalkChain? chain))
        {
            // A target that is no chain of the table: an extension that is not known.
            state.NoteUnknown(jump.Chain);
            return state;
        }

        List<ChainExit> inner = _context.Exits.Rent();
        _rules.RunChain(run.Call with { Plan = _context.Plan.Of(run.Call.Plan.Table, chain), Depth = run.Call.Depth + 1 }, state, inner);
        foreach (ChainExit exit in Joined(inner))
        {
            if (exit.Verdict != WalkVerdict.Return || jump.IsGoto)
            {
                run.Exits.Add(exit);
            }
            else
            {
                // It goes on with the next rule, also where statements follow the jump (net/netfilter/nf_tables_core.c, nft_do_chain).
                run.Next.Add(exit.State);
            }
        }

        _context.Exits.Return(inner);
        return null;
    }

    /// <summary>The packets that leave a chain; those that an assumption alone tells apart are one.</summary>
    private List<ChainExit> Joined(List<ChainExit> exits)
    {
        if (_context.Packet is null || exits.Count < 2 || exits.TrueForAll(static exit => exit.State.Assumed is null))
        {
            return exits;
        }

        List<ChainExit> joined = [];
        foreach (IGrouping<WalkVerdict, ChainExit> group in exits.GroupBy(static exit => exit.Verdict))
        {
            List<WalkState> states = [.. group.Select(static exit => exit.State)];
            ChainTraversal.JoinAlike(states);
            joined.AddRange(states.Select(state => new ChainExit(state, group.Key)));
        }

        return joined;
    }

    private void ExecuteLookup(in RuleRun run, int index, bool isTraced, RuleStep.VerdictLookup lookup, WalkState state)
    {
        LookupIndex map = _context.Plan.Of(lookup);
        _context.ShowNewSource(map, state);
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

    private void ExecuteCases(in RuleRun run, int index, bool isTraced, RuleStep.Cases cases, WalkState state)
    {
        RuleStep[][] matches = _context.Plan.Of(cases);
        List<WalkState> left = _context.States.Rent();
        left.Add(state);
        for (int number = 0; number < matches.Length && left.Count != 0; number++)
        {
            LookupCase found = cases.All[number];
            List<WalkState> failed = _context.States.Rent();
            List<WalkState> passed = _context.States.Rent();
            _rules.Separate(run with { Next = failed }, matches[number], left, passed);
            foreach (WalkState one in passed)
            {
                if (_context.Packet is not null)
                {
                    NoteFound(one, found.Step, $"finds {found.Key}: {StepDescription.Describe(found.Step)}");
                }

                if (Execute(run, index, isTraced, found.Step, one) is { } current)
                {
                    _rules.ApplySteps(run, index + 1, current, isTraced);
                }
            }

            _context.States.Return(left);
            _context.States.Return(passed);
            left = failed;
        }

        // Nothing found: the rule does not match.
        run.Next.AddRange(left);
        _context.States.Return(left);
    }

    private void ExecuteLookup(in RuleRun run, RuleStep.DnatLookup lookup, WalkState state)
    {
        LookupIndex map = _context.Plan.Of(lookup);
        _context.ShowNewSource(map, state);
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

            _translation.Rewrite(run, hit.State, target.Address, target.Port);
        }

        _context.Hits.Return(hits);
    }
}
