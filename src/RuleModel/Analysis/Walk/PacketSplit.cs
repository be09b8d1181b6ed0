using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Splits packets between those that a match passes and those that go to the next rule.</summary>
/// <remarks>Each method returns the packets that continue in the rule, or null if there are none.</remarks>
internal static class PacketSplit
{
    public static WalkState? Decide(in RuleRun run, bool isMatch, WalkState state)
    {
        if (isMatch)
        {
            return state;
        }

        run.Next.Add(state);
        return null;
    }

    /// <summary>Separates the sources inside some ranges from the others.</summary>
    public static WalkState? SplitSource(in RuleRun run, WalkState state, ReadOnlySpan<AddressRange> ranges, bool isNegated)
    {
        state.Sources.Split(ranges, out AddressSet? inside, out AddressSet? outside);
        AddressSet? passing = isNegated ? outside : inside;
        AddressSet? failing = isNegated ? inside : outside;
        if (passing is null || failing is null)
        {
            return Decide(run, failing is null, state);
        }

        WalkState failed = state.Copy();
        failed.Sources = failing;
        run.Next.Add(failed);
        state.Sources = passing;
        return state;
    }

    public static WalkState? SplitPorts(in RuleRun run, WalkState state, PortSet? passing, PortSet? failing, bool isSource)
    {
        if (passing is null || failing is null)
        {
            return Decide(run, failing is null, state);
        }

        WalkState failed = state.Copy();
        run.Next.Add(failed);
        if (isSource)
        {
            failed.SourcePorts = failing;
            state.SourcePorts = passing;
        }
        else
        {
            if (state.ArePortsPicked)
            {
                // The kernel picks one of them: the shares are those of the ports.
                int count = state.DestinationPorts.Count;
                failed.Probability *= (double)failing.Count / count;
                state.Probability *= (double)passing.Count / count;
            }

            failed.DestinationPorts = failing;
            state.DestinationPorts = passing;
        }

        return state;
    }

    public static WalkState? SplitProtocols(in RuleRun run, WalkState state, ProtocolSet passing, ProtocolSet failing)
    {
        if (passing == 0 || failing == 0)
        {
            return Decide(run, failing == 0, state);
        }

        WalkState failed = state.Copy();
        failed.Protocols = failing;
        run.Next.Add(failed);
        state.Protocols = passing;
        return state;
    }

    /// <summary>Assumes a condition to be true on one path and false on another, unless it was assumed before.</summary>
    /// <param name="run">The rule.</param>
    /// <param name="condition">The condition.</param>
    /// <param name="state">The packets.</param>
    /// <param name="isNegated">Whether the rule continues where the condition is false.</param>
    /// <param name="doubt">Names the condition in the trace of both paths; null for no entry.</param>
    public static WalkState? Assume(in RuleRun run, RuntimeCondition condition, WalkState state, bool isNegated = false, WalkTraceEntry? doubt = null)
    {
        if (AssumedCondition.Find(state.Assumed, condition) is { } isTrue)
        {
            return Decide(run, isTrue != isNegated, state);
        }

        if (doubt is not null)
        {
            state.Trace = new(doubt, state.Trace);
        }

        WalkState failed = state.Copy();
        failed.Assumed = new(condition, IsTrue: isNegated, state.Assumed) { Doubt = doubt };
        run.Next.Add(failed);
        state.Assumed = new(condition, IsTrue: !isNegated, state.Assumed) { Doubt = doubt };
        return state;
    }
}
