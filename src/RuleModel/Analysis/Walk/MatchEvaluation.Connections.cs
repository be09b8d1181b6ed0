using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <content>What conntrack knows of a packet: its state, the mark of its connection, and whether that is translated.</content>
internal sealed partial class MatchEvaluation
{
    /// <summary>A packet without connection has no such mark, and matches no mark, nor the negation of one (net/netfilter/xt_connmark.c).</summary>
    private WalkState? MatchConnectionMark(in RuleRun run, RuleStep.ConnectionMarkMatch match, WalkState state)
    {
        if (_context.Packet is null)
        {
            return PacketSplit.Assume(run, new RuntimeCondition("", 0, match.ToString()), state);
        }

        return PacketSplit.Decide(run, IsTracked(run, state) && ((state.ConnectionMark & match.Mask) == match.Value) != match.IsNegated, state);
    }

    private WalkState? MatchTracked(in RuleRun run, WalkState state)
    {
        if (run.Call.IsBeforeTracking && state.HasTemplate)
        {
            // There is an entry, but what it says is nothing of the packet.
            return MatchUnknown(run, new RuleStep.UnknownMatch("the template of a connection") { DependsOn = "the template of the connection" }, state);
        }

        if (_context.Packet is not null)
        {
            return PacketSplit.Decide(run, IsTracked(run, state), state);
        }

        ConnectionKinds passing = state.Kinds & ~(ConnectionKinds.Untracked | ConnectionKinds.Invalid);
        if (passing == state.Kinds || passing == ConnectionKinds.None)
        {
            return PacketSplit.Decide(run, passing != ConnectionKinds.None, state);
        }

        WalkState failed = state.Copy();
        failed.Kinds &= ~passing;
        run.Next.Add(failed);
        state.Kinds = passing;
        return state;
    }

    private static bool IsTracked(in RuleRun run, WalkState state) => (!run.Call.IsBeforeTracking || state.HasTemplate) && state.Kinds != ConnectionKinds.Untracked;

    private WalkState? MatchState(in RuleRun run, RuleStep.StateMatch match, WalkState state)
    {
        if (run.Call.IsBeforeTracking && _context.Packet is not null && state.Kinds != ConnectionKinds.Untracked)
        {
            // Not looked up yet: the kernel takes it for invalid, or for new with a template (net/netfilter/xt_conntrack.c, nft_ct.c).
            ConnectionStates before = state.HasTemplate ? ConnectionStates.New : ConnectionStates.Invalid;
            return PacketSplit.Decide(run, ((match.States & before) != 0) != match.IsNegated, state);
        }

        bool? isSourceNew = HasNewSource(state);
        if (isSourceNew is null && (match.States & ConnectionStates.Snat) != 0)
        {
            return MatchUnknown(run, new RuleStep.UnknownMatch(match.ToString()) { DependsOn = "the address that the source is rewritten to" }, state);
        }

        ConnectionStates ofNew = (HasNewDestination(state) ? ConnectionStates.Dnat : ConnectionStates.None) | (isSourceNew ?? false ? ConnectionStates.Snat : ConnectionStates.None);
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

    /// <summary>A translation to what is there already is none (net/netfilter/nf_nat_core.c, nf_nat_setup_info).</summary>
    private bool HasNewDestination(WalkState state) => _context.Packet is null || state.Original is not { } original
        ? state.IsRewritten
        : original.Address != state.Destination || (state.NewPort >= 0 && original.Port != state.NewPort) || state.ArePortsPicked;

    /// <summary>The same of the source; null if it is one of the node's, which may get another of its addresses or keep its own.</summary>
    private bool? HasNewSource(WalkState state)
    {
        if (!state.IsMasqueraded || _context.Packet is null || state.NewSource is not { Ports: null, IsRandom: false } source || !state.Sources.IsSingle)
        {
            return state.IsMasqueraded;
        }

        bool mayStay = source.Addresses is { } range ? range.Contains(state.Sources.First) : _context.Node.IsLocal(IpAddress.FromBits(state.Sources.First));
        return !mayStay ? true : source.Addresses is { IsSingle: true } ? false : null;
    }
}
