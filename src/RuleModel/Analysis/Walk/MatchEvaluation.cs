using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Evaluates the matches of rules: decides which packets continue in a rule and which go to the next one.</summary>
internal sealed partial class MatchEvaluation
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
            case RuleStep.AddressMatch match:
                return MatchAddress(run, match, state);
            case RuleStep.ProtocolMatch match:
                return MatchProtocol(run, index, isTraced, match, state);
            case RuleStep.PortMatch match:
                return MatchPorts(run, match.Field, [new(match.First, match.Last)], match.IsNegated, match, state);
            case RuleStep.PortsMatch match:
                return MatchPorts(run, match.Field, match.Ranges.AsSpan(), match.IsNegated, match, state);
            case RuleStep.InterfaceMatch match:
                return MatchInterface(run, index, isTraced, match, state);
            case RuleStep.MarkMatch match:
                return MatchMark(run, index, isTraced, match, state);
            case RuleStep.ConnectionMarkMatch match:
                return MatchConnectionMark(run, match, state);
            case RuleStep.StateMatch match:
                return MatchState(run, match, state);
            case RuleStep.TrackedMatch:
                return MatchTracked(run, state);
            case RuleStep.LocalMatch { Field: PacketField.Source } match when state.NewSource is not null && _context.Packet is not null:
                return MatchAddressType(run, new(PacketField.Source, AddressTypes.Local, match.IsNegated), state);
            case RuleStep.LocalMatch { Field: PacketField.Source } match:
                return PacketSplit.SplitSource(run, state, _context.LocalRanges, match.IsNegated);
            case RuleStep.LocalMatch match:
                return PacketSplit.Decide(run, _context.IsForThisNode(state) != match.IsNegated, state);
            case RuleStep.AddressTypeMatch match:
                return MatchAddressType(run, match, state);
            case RuleStep.RandomMatch match:
                return MatchRandom(run, match, state);
            case RuleStep.KnownClientMatch match:
                return MatchKnownClient(run, match, state);
            case RuleStep.SetMatch match:
                return MatchSet(run, index, isTraced, match, state);
            case RuleStep.AnyOf match:
                return MatchAnyOf(run, index, isTraced, match, state);
            case RuleStep.SettledMatch { OnlyFirstPacket: true } match when _context.Packet is null:
                return PacketSplit.Assume(run, new RuntimeCondition("", 0, match.Text), state);
            case RuleStep.SettledMatch match:
                return PacketSplit.Decide(run, match.Holds, state);
            case RuleStep.UnknownMatch match:
                return MatchUnknown(run, match, state);
            default:
                return MatchUnknown(run, new RuleStep.UnknownMatch(step.ToString()), state);
        }
    }

    private WalkState? MatchAddress(in RuleRun run, RuleStep.AddressMatch match, WalkState state)
    {
        ReadOnlySpan<AddressRange> ranges = _context.Plan.Of(match);
        switch (match.Field)
        {
            case PacketField.Source when state.NewSource is { } source && _context.Packet is not null:
                return MatchNewSource(run, match, source, state);
            case PacketField.Source:
                return PacketSplit.SplitSource(run, state, ranges, match.IsNegated);
            case PacketField.OriginalDestination when _context.Packet is null:
                return MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()), state);
            case PacketField.OriginalDestination:
                return PacketSplit.Decide(run, AddressSet.Contains(ranges, (state.Original?.Address ?? state.Destination).ToBits()) != match.IsNegated, state);
            default:
                return PacketSplit.Decide(run, AddressSet.Contains(ranges, state.Destination.ToBits()) != match.IsNegated, state);
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
        WalkState? passed = MatchUnknown(run, new RuleStep.UnknownMatch(run.Call.Plan.Chain.Rules[run.Position].Text), other);
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

    private WalkState? MatchPorts(in RuleRun run, PacketField field, ReadOnlySpan<PortRange> ranges, bool isNegated, RuleStep match, WalkState state)
    {
        if (field == PacketField.OriginalDestinationPort && _context.Packet is null)
        {
            return MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()), state);
        }

        int known = field switch
        {
            PacketField.SourcePort => -1,
            PacketField.OriginalDestinationPort when state.Original is { } original => original.Port,
            _ => state.NewPort,
        };
        if (known >= 0)
        {
            return PacketSplit.Decide(run, Contains(ranges, known) != isNegated, state);
        }

        bool isSource = field == PacketField.SourcePort;
        if (isSource && state.NewSource is { } source && (source.IsRandom || source.Ports is not null))
        {
            return MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()) { DependsOn = "the source port that the kernel picks" }, state);
        }

        (isSource ? state.SourcePorts : state.DestinationPorts).Split(ranges, out PortSet? inside, out PortSet? outside);
        if (isSource && inside is not null && outside is not null && _context.Packet is not null)
        {
            return MatchOpenSourcePort(run, isNegated ? outside : inside, isNegated ? inside : outside, isNegated, match, state);
        }

        return PacketSplit.SplitPorts(run, state, isNegated ? outside : inside, isNegated ? inside : outside, isSource);
    }

    private static bool Contains(ReadOnlySpan<PortRange> ranges, int port)
    {
        foreach (PortRange range in ranges)
        {
            if (range.Contains(port))
            {
                return true;
            }
        }

        return false;
    }

    private WalkState? MatchMark(in RuleRun run, int index, bool isTraced, RuleStep.MarkMatch match, WalkState state)
    {
        uint restored = match.Mask & state.RestoredBits;
        if (restored != 0)
        {
            if (state.Bits.Has(match.Mask & ~restored, match.Value & ~restored, out _) is false)
            {
                return PacketSplit.Decide(run, match.IsNegated, state); // the other bits rule it out alone
            }

            return PacketSplit.Assume(run, new RuntimeCondition("", 0, match.NameOfRestored), state, match.IsNegated);
        }

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
            if (_context.Packet.KnownTo.AsSpan().Contains(match.List) || WalkState.TextLink.Contains(state.Remembered, match.List))
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

    private WalkState? MatchSet(in RuleRun run, int index, bool isTraced, RuleStep.SetMatch match, WalkState state)
    {
        LookupIndex set = _context.Plan.Of(match);
        _context.ShowNewSource(set, state);
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

    private WalkState? MatchAnyOf(in RuleRun run, int index, bool isTraced, RuleStep.AnyOf match, WalkState state)
    {
        List<WalkState> left = _context.States.Rent();
        left.Add(state);
        List<WalkState> matched = _context.States.Rent();
        foreach (RuleStep[] alternative in _context.Plan.Of(match))
        {
            List<WalkState> failed = _context.States.Rent();
            _rules.Separate(run with { Next = failed }, alternative, left, matched);
            _context.States.Return(left);
            left = failed;
        }

        foreach (WalkState one in matched)
        {
            Continue(run, index, isTraced, !match.IsNegated, one);
        }

        foreach (WalkState one in left)
        {
            Continue(run, index, isTraced, match.IsNegated, one);
        }

        _context.States.Return(left);
        _context.States.Return(matched);
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
