using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Evaluates the matches of rules: decides which packets continue in a rule and which go to the next one.</summary>
internal sealed class MatchEvaluation
{
    /// <summary>
    /// iptables keeps 31 bits of each chance, and lists 11 digits: one that is so near to 1/n stands for it, and for 1/n in
    /// nftables.
    /// </summary>
    private const double ChanceUnit = 1.0 / 0x80000000L;

    private readonly WalkContext _context;
    private readonly ChainTraversal _rules;

    public MatchEvaluation(WalkContext context, ChainTraversal rules)
    {
        _context = context;
        _rules = rules;
    }

    /// <summary>Evaluates a match.</summary>
    /// <returns>The packet that goes on in the rule; null if none does.</returns>
    public WalkState? Match(in RuleRun run, int index, bool isTraced, RuleStep step, WalkState state)
    {
        switch (step)
        {
            case RuleStep.AddressMatch { Field: PacketField.Source } match:
                return PacketSplit.SplitSource(run, state, _context.Plan.Of(match), match.IsNegated);
            case RuleStep.AddressMatch match:
                return PacketSplit.Decide(run, AddressSet.Contains(_context.Plan.Of(match), state.Destination.ToBits()) != match.IsNegated, state);
            case RuleStep.ProtocolMatch match:
                return MatchProtocol(run, index, isTraced, match, state);
            case RuleStep.PortMatch { Field: PacketField.SourcePort } match:
                state.SourcePorts.Split(match.First, match.Last, out PortSet? insideSource, out PortSet? outsideSource);
                return PacketSplit.SplitPorts(run, state, match.IsNegated ? outsideSource : insideSource, match.IsNegated ? insideSource : outsideSource, isSource: true);
            case RuleStep.PortMatch match when state.NewPort >= 0:
                return PacketSplit.Decide(run, (state.NewPort >= match.First && state.NewPort <= match.Last) != match.IsNegated, state);
            case RuleStep.PortMatch match:
                state.DestinationPorts.Split(match.First, match.Last, out PortSet? inside, out PortSet? outside);
                return PacketSplit.SplitPorts(run, state, match.IsNegated ? outside : inside, match.IsNegated ? inside : outside, isSource: false);
            case RuleStep.InterfaceMatch match:
                return MatchInterface(run, index, isTraced, match, state);
            case RuleStep.MarkMatch match:
                return MatchMark(run, index, isTraced, match, state);
            case RuleStep.StateMatch match:
                return MatchState(run, match, state);
            case RuleStep.LocalMatch { Field: PacketField.Source } match:
                return PacketSplit.SplitSource(run, state, _context.LocalRanges, match.IsNegated);
            case RuleStep.LocalMatch match:
                return PacketSplit.Decide(run, _context.Node.IsLocal(state.Destination) != match.IsNegated, state);
            case RuleStep.RandomMatch match:
                return MatchRandom(run, match, state);
            case RuleStep.KnownClientMatch match:
                return MatchKnownClient(run, match, state);
            case RuleStep.SetMatch match:
                return MatchSet(run, index, isTraced, match, state);
            case RuleStep.UnknownMatch match:
                return MatchUnknown(run, match.Text, state);
            default:
                return MatchUnknown(run, step.ToString(), state);
        }
    }

    private WalkState? MatchProtocol(in RuleRun run, int index, bool isTraced, RuleStep.ProtocolMatch match, WalkState state)
    {
        if (match.Protocol is not null)
        {
            ProtocolSet wanted = ProtocolSets.Of(match.Protocol.Value);
            wanted = match.IsNegated ? ~wanted & ProtocolSet.All : wanted;
            return PacketSplit.SplitProtocols(run, state, state.Protocols & wanted, state.Protocols & ~wanted);
        }

        // One of the others, and which is not kept.
        ProtocolSet known = state.Protocols & ~ProtocolSet.Other;
        if ((state.Protocols & ProtocolSet.Other) == 0)
        {
            return PacketSplit.Decide(run, match.IsNegated, state);
        }

        WalkState other = state.Copy();
        other.Protocols = ProtocolSet.Other;
        WalkState? passed = MatchUnknown(run, run.Call.Plan.Chain.Rules[run.Position].Text, other);
        if (known == 0)
        {
            return passed;
        }

        if (passed is not null)
        {
            _rules.ApplySteps(run, index + 1, passed, isTraced);
        }

        state.Protocols = known;
        return PacketSplit.Decide(run, match.IsNegated, state);
    }

    private WalkState? MatchInterface(in RuleRun run, int index, bool isTraced, RuleStep.InterfaceMatch match, WalkState state)
    {
        if (match.IsInput && state.InputInterface == WalkPacket.UnknownInterface)
        {
            return MatchUnknown(run, "the interface that it came in by", state);
        }

        if (match.IsInput)
        {
            return PacketSplit.Decide(run, IsNamed(match, state.InputInterface) != match.IsNegated, state);
        }

        if (run.Call.Hook is Hook.Prerouting or Hook.Input)
        {
            return PacketSplit.Decide(run, match.IsNegated, state);
        }

        if (state.OutputInterface is null && _context.OutputInterfaces.Count == 0)
        {
            // The output interface depends on routing, which rules do not contain.
            return MatchUnknown(run, "the interface that it leaves by", state);
        }

        if (state.OutputInterface is null)
        {
            // All interfaces that rules name, and one that they do not name.
            foreach (string name in _context.OutputInterfaces)
            {
                WalkState branch = state.Copy();
                branch.OutputInterface = name;
                _rules.ApplySteps(run, index, branch, isTraced);
            }

            return null;
        }

        return PacketSplit.Decide(run, IsNamed(match, state.OutputInterface) != match.IsNegated, state);
    }

    private static bool IsNamed(RuleStep.InterfaceMatch match, string name) => match.IsPrefix
        ? name.StartsWith(match.Name, StringComparison.Ordinal)
        : string.Equals(name, match.Name, StringComparison.Ordinal);

    private WalkState? MatchMark(in RuleRun run, int index, bool isTraced, RuleStep.MarkMatch match, WalkState state)
    {
        if (state.Bits.Has(match.Mask, match.Value, out uint open) is { } isSo)
        {
            return PacketSplit.Decide(run, isSo != match.IsNegated, state);
        }

        // Bits that are not known yet: one path where all are as the match wants, and one for each first bit that is not.
        MarkBits mark = state.Bits;
        for (uint left = open; left != 0;)
        {
            uint bit = MarkBits.LowestOf(left);
            left &= ~bit;
            WalkState differs = state.Copy();
            differs.Bits = mark.Settle(bit, ~match.Value);
            if (match.IsNegated)
            {
                _rules.ApplySteps(run, index + 1, differs, isTraced);
            }
            else
            {
                run.Next.Add(differs);
            }

            mark = mark.Settle(bit, match.Value);
        }

        state.Bits = mark;
        return PacketSplit.Decide(run, !match.IsNegated, state);
    }

    private static WalkState? MatchState(in RuleRun run, RuleStep.StateMatch match, WalkState state)
    {
        ConnectionStates ofNew = (state.IsRewritten ? ConnectionStates.Dnat : ConnectionStates.None) | (state.IsMasqueraded ? ConnectionStates.Snat : ConnectionStates.None);
        ConnectionKinds having = ConnectionKindStates.Having(state.Kinds, match.States, ofNew);
        ConnectionKinds passing = match.IsNegated ? state.Kinds & ~having : having;
        ConnectionKinds failing = state.Kinds & ~passing;
        if (passing == 0 || failing == 0)
        {
            return PacketSplit.Decide(run, failing == 0, state);
        }

        WalkState failed = state.Copy();
        failed.Kinds = failing;
        run.Next.Add(failed);
        state.Kinds = passing;
        return state;
    }

    private static WalkState? MatchRandom(in RuleRun run, RuleStep.RandomMatch match, WalkState state)
    {
        double chance = Chance(match.Probability);
        if (chance is <= 0 or >= 1)
        {
            return PacketSplit.Decide(run, chance > 0, state);
        }

        WalkState failed = state.Copy();
        failed.Probability *= 1 - chance;
        run.Next.Add(failed);
        state.Probability *= chance;
        return state;
    }

    private static double Chance(double listed)
    {
        if (listed is <= 0 or >= 1)
        {
            return listed;
        }

        double exact = 1 / Math.Round(1 / listed);
        return Math.Abs(exact - listed) <= ChanceUnit ? exact : listed;
    }

    private WalkState? MatchKnownClient(in RuleRun run, RuleStep.KnownClientMatch match, WalkState state)
    {
        if (_context.Packet is not null)
        {
            if (_context.Packet.KnownTo.AsSpan().Contains(match.List))
            {
                return state;
            }

            // The client is new; that it would be remembered is part of the outcome.
            state.AffinitySeconds = match.Seconds;
            run.Next.Add(state);
            return null;
        }

        return PacketSplit.Assume(run, new RuntimeCondition(match.List, match.Seconds, ""), state);
    }

    private WalkState? MatchUnknown(in RuleRun run, string text, WalkState state)
    {
        state.IsUncertain = true;
        if (_context.Packet is null)
        {
            return PacketSplit.Assume(run, new RuntimeCondition("", 0, text), state);
        }

        // In the trace of the packet that it matches and of the one that it does not.
        WalkRule rule = run.Call.Plan.Chain.Rules[run.Position];
        state.Trace = new(run.TraceEntry("may match", state) with { IsDoubtful = true }, state.Trace);
        run.Next.Add(state.Copy());
        return state;
    }

    private WalkState? MatchSet(in RuleRun run, int index, bool isTraced, RuleStep.SetMatch match, WalkState state)
    {
        LookupIndex set = _context.Plan.Of(match);
        List<LookupHit> hits = _context.Hits.Rent();
        List<WalkState> misses = _context.States.Rent();
        LookupSearch.Find(set, match.Key, state, hits, misses);
        foreach (LookupHit hit in hits)
        {
            Continue(run, index, isTraced, !match.IsNegated, hit.State);
        }

        foreach (WalkState miss in misses)
        {
            Continue(run, index, isTraced, match.IsNegated, miss);
        }

        _context.Hits.Return(hits);
        _context.States.Return(misses);
        return null;
    }

    private void Continue(in RuleRun run, int index, bool isTraced, bool isMatch, WalkState state)
    {
        if (isMatch)
        {
            _rules.ApplySteps(run, index + 1, state, isTraced);
        }
        else
        {
            run.Next.Add(state);
        }
    }
}
