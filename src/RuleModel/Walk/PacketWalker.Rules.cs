using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <content>One rule: its matches, then what it does.</content>
public sealed partial class PacketWalker
{
    internal static bool IsMatch(RuleStep step) => step is RuleStep.AddressMatch or RuleStep.ProtocolMatch or RuleStep.PortMatch
        or RuleStep.InterfaceMatch or RuleStep.MarkMatch or RuleStep.StateMatch or RuleStep.LocalMatch or RuleStep.RandomMatch
        or RuleStep.KnownClientMatch or RuleStep.SetMatch or RuleStep.UnknownMatch;

    /// <summary>Applies the steps of a rule from one on.</summary>
    private void ApplySteps(in RuleRun run, int index, WalkState state, bool isTraced)
    {
        WalkRule rule = run.Place.Plan.Chain.Rules[run.Position];
        ReadOnlySpan<RuleStep> steps = rule.Steps.AsSpan();
        WalkState? current = state;
        for (; index < steps.Length; index++)
        {
            RuleStep step = steps[index];
            if (IsMatch(step))
            {
                current = Match(run, index, isTraced, step, current);
            }
            else
            {
                if (!isTraced && _packet is not null && step is not RuleStep.NoEffect)
                {
                    AddTrace(run, rule, step, current);
                    isTraced = true;
                }

                current = Execute(run, index, isTraced, step, current);
            }

            if (current is null)
            {
                return;
            }
        }

        run.Next.Add(current);
    }

    private static void AddTrace(in RuleRun run, WalkRule rule, RuleStep step, WalkState state) => state.Trace = new(
        new(run.Place.Hook, run.Place.Plan.Table.Name, run.Place.Plan.Chain.Name, run.Position + 1, rule.Text, rule.Comment, StepWords.Describe(step)),
        state.Trace);

    /// <summary>Does what a statement says.</summary>
    /// <returns>The packet that goes on in the rule; null if it does not.</returns>
    private WalkState? Execute(in RuleRun run, int index, bool isTraced, RuleStep step, WalkState state)
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
                MeetUnknown(state, unknown.Text);
                return state;
            default:
                return state;
        }
    }

    private static void MeetUnknown(WalkState state, string text)
    {
        state.IsUncertain = true;
        state.Unknown = new(text, state.Unknown);
    }

    private static void Rewrite(WalkState state, IpAddress address, int port, List<ChainExit> exits)
    {
        state.IsRewritten = true;
        state.Destination = address;
        state.NewPort = port >= 0 ? port : state.NewPort;

        // It is routed again, and may leave another way.
        state.OutputInterface = null;
        exits.Add(new(state, WalkVerdict.Accept));
    }

    private WalkState? ExecuteJump(in RuleRun run, int index, bool isTraced, RuleStep.Jump jump, WalkState state)
    {
        if (!run.Place.Plan.Table.Chains.TryGetValue(jump.Chain, out WalkChain? chain))
        {
            // A target that is no chain of the table: an extension that is not known.
            MeetUnknown(state, jump.Chain);
            return state;
        }

        List<ChainExit> inner = RentExits();
        RunChain(new Place(run.Place.Hook, _plan.Of(run.Place.Plan.Table, chain), run.Place.Depth + 1), state, inner);
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
                ApplySteps(run, index + 1, current, isTraced);
            }

            current = exit.State;
        }

        Return(inner);
        return current;
    }

    private void ExecuteLookup(in RuleRun run, int index, bool isTraced, RuleStep.VerdictLookup lookup, WalkState state)
    {
        LookupIndex map = _plan.Of(lookup);
        RuleStep[] steps = _plan.Steps(lookup.Map);
        List<LookupHit> hits = RentHits();

        // Nothing found: the rule does not match.
        Find(map, lookup.Key, state, hits, run.Next);
        foreach (LookupHit hit in hits)
        {
            if (Execute(run, index, isTraced, steps[hit.Value], hit.State) is { } current)
            {
                ApplySteps(run, index + 1, current, isTraced);
            }
        }

        Return(hits);
    }

    private void ExecuteLookup(in RuleRun run, RuleStep.DnatLookup lookup, WalkState state)
    {
        LookupIndex map = _plan.Of(lookup);
        EndpointAddress[] targets = _plan.Targets(lookup.Map);
        List<LookupHit> hits = RentHits();
        Find(map, lookup.Key, state, hits, run.Next);
        foreach (LookupHit hit in hits)
        {
            Rewrite(hit.State, targets[hit.Value].Address, targets[hit.Value].Port, run.Exits);
        }

        Return(hits);
    }
}
