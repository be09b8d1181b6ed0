using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Traverses chains: applies their rules in order, and follows jumps into other chains.</summary>
internal sealed class ChainTraversal
{
    /// <summary>Chains deeper than this are a loop; the kernel refuses those too.</summary>
    private const int MaxDepth = 64;

    /// <summary>The most cases of one packet that are followed side by side, and how many of them when there are more.</summary>
    private const int MostCases = 2048;
    private const int FollowedCases = 64;

    private readonly WalkContext _context;
    private readonly MatchEvaluation _matches;
    private readonly StatementExecution _statements;

    public ChainTraversal(WalkContext context)
    {
        _context = context;
        _matches = new(context, this);
        _statements = new(context, this);
    }

    /// <summary>Takes a packet through a chain. Each packet that leaves it is an exit; <see cref="WalkVerdict.Return"/> is the end of the chain.</summary>
    public void RunChain(ChainCall call, WalkState state, List<ChainExit> exits)
    {
        if (call.Depth > MaxDepth)
        {
            state.NoteUnknown("chains that call each other without end");
            exits.Add(new(state, WalkVerdict.Return));
            return;
        }

        ReadOnlySpan<int> own = call.Plan.For(state.Destination);
        ReadOnlySpan<int> others = call.Plan.Others;
        List<WalkState> alive = _context.States.Rent();
        List<WalkState> next = _context.States.Rent();
        alive.Add(state);
        while (alive.Count != 0 && (own.Length != 0 || others.Length != 0))
        {
            _context.Effort?.Spend(alive.Count);
            bool isOwn = others.Length == 0 || (own.Length != 0 && own[0] < others[0]);
            int position = isOwn ? own[0] : others[0];
            own = isOwn ? own[1..] : own;
            others = isOwn ? others : others[1..];
            foreach (WalkState current in alive)
            {
                ApplySteps(new RuleRun(call, position, next, exits), 0, current, isTraced: false);
            }

            if (_context.Packet is null && next.Count >= AlikePaths.Many)
            {
                AlikePaths.Join(next);
            }
            else if (next.Count > 1 && (call.Plan.HasUnknown(position) || _context.Packet is not null))
            {
                JoinAlike(next);
                if (_context.Packet is not null)
                {
                    Limit(next); // of a space of packets none may be lost: compare would call rules equal that are not
                }
            }

            alive.Clear();
            (alive, next) = (next, alive);
        }

        foreach (WalkState left in alive)
        {
            exits.Add(new(left, WalkVerdict.Return));
        }

        _context.States.Return(alive);
        _context.States.Return(next);
    }

    /// <summary>Applies the steps of a rule from one on.</summary>
    public void ApplySteps(in RuleRun run, int index, WalkState state, bool isTraced)
    {
        ReadOnlySpan<RuleStep> steps = run.Inner is null ? run.Call.Plan.Steps(run.Position) : run.Inner;
        WalkState? current = state;
        for (; index < steps.Length; index++)
        {
            RuleStep step = steps[index];
            if (step.IsMatch)
            {
                current = _matches.Match(run, index, isTraced, step, current);
            }
            else
            {
                bool isFirst = !isTraced && _context.Packet is not null && step is not RuleStep.NoEffect;
                isTraced |= isFirst;
                current = isFirst ? _statements.ExecuteTraced(run, index, step, current) : _statements.Execute(run, index, isTraced, step, current);
            }

            if (current is null)
            {
                return;
            }
        }

        (run.Passed ?? run.Next).Add(current);
    }

    /// <summary>Separates the packets that meet all of some matches from the others.</summary>
    /// <param name="run">The rule; the packets that fail go to its <see cref="RuleRun.Next"/>.</param>
    /// <param name="matches">The matches.</param>
    /// <param name="states">The packets.</param>
    /// <param name="passed">Receives those that meet them.</param>
    public void Separate(in RuleRun run, RuleStep[] matches, List<WalkState> states, List<WalkState> passed)
    {
        RuleRun inner = run with { Inner = matches, Passed = passed };
        foreach (WalkState state in states)
        {
            ApplySteps(inner, 0, state, isTraced: true);
        }
    }

    /// <summary>
    /// Joins paths that differ only by what was assumed of a condition: it made no difference. Without this each such rule
    /// would double them.
    /// </summary>
    /// <param name="states">The paths.</param>
    /// <param name="areAtEnd">Whether they are at the end of their walk.</param>
    public static void JoinAlike(List<WalkState> states, bool areAtEnd = false)
    {
        for (int index = 0; index < states.Count; index++)
        {
            for (int other = states.Count - 1; other > index && states[index].Assumed is not null; other--)
            {
                if (TryJoin(states[index], states[other], areAtEnd) is { } joined)
                {
                    states[index] = joined;
                    states.RemoveAt(other);

                    // Where the joined one is like another now, with an earlier condition.
                    other = states.Count;
                }
            }
        }
    }

    /// <summary>Joins two paths if they differ only by what was assumed of a condition.</summary>
    /// <param name="one">A path.</param>
    /// <param name="other">The other.</param>
    /// <param name="areAtEnd">Whether they are at the end of their walk.</param>
    /// <returns>The one that stays; null if they differ by more.</returns>
    public static WalkState? TryJoin(WalkState one, WalkState other, bool areAtEnd)
    {
        if (one.Assumed is not { } left || other.Assumed is not { } right
            || left.IsTrue == right.IsTrue || !ReferenceEquals(left.Before, right.Before) || !left.Condition.Equals(right.Condition)
            || !(areAtEnd ? one.EndsLike(other, left.SourcePorts is null) : one.IsLike(other, left.SourcePorts is null)))
        {
            return null;
        }

        // The path on which the condition is false is that of rules that did nothing.
        WalkState kept = left.IsTrue ? other : one;
        kept.Assumed = left.Before;
        kept.SourcePorts = left.SourcePorts ?? kept.SourcePorts;
        kept.Trace = WalkState.TraceLink.Without(kept.Trace, left.Doubt);
        return kept;
    }

    /// <summary>Conditions that all matter double the paths each: beyond a limit it is said that not all are followed.</summary>
    private static void Limit(List<WalkState> states)
    {
        if (states.Count <= MostCases || states.TrueForAll(state => state.Assumed is null))
        {
            return;
        }

        states.RemoveRange(FollowedCases, states.Count - FollowedCases);
        foreach (WalkState state in states)
        {
            state.NoteUnknown("more combinations of undecided matches than are followed");
        }
    }
}

/// <summary>The chain that is traversed, for which hook, and how many jumps deep.</summary>
/// <param name="Hook">The hook.</param>
/// <param name="Plan">The chain.</param>
/// <param name="Depth">How many jumps deep.</param>
/// <param name="IsBeforeTracking">Whether the chain comes before connection tracking, as those of table raw do.</param>
internal readonly record struct ChainCall(Hook Hook, ChainPlan Plan, int Depth, bool IsBeforeTracking = false);

/// <summary>A rule that is applied, and where packets go that it does not keep.</summary>
/// <param name="Call">The chain.</param>
/// <param name="Position">The rule's index.</param>
/// <param name="Next">Receives what goes on to the next rule.</param>
/// <param name="Exits">Receives what leaves the chain.</param>
internal readonly record struct RuleRun(ChainCall Call, int Position, List<WalkState> Next, List<ChainExit> Exits)
{
    /// <summary>Matches that are met in place of the rule's own steps; null for those of the rule.</summary>
    public RuleStep[]? Inner { get; init; }

    /// <summary>Receives what meets all of <see cref="Inner"/>.</summary>
    public List<WalkState>? Passed { get; init; }

    /// <summary>Creates the trace entry of the rule for packets.</summary>
    /// <param name="effect">What the rule does with them.</param>
    /// <param name="state">The packets.</param>
    public WalkTraceEntry TraceEntry(string effect, WalkState state)
    {
        WalkRule rule = Call.Plan.Chain.Rules[Position];
        return new(Call.Hook, Call.Plan.Table.Name, Call.Plan.Chain.Name, Position + 1, rule.Text, rule.Comment, effect)
        {
            Source = rule,
            Packet = state.Copy(),
            IsInBaseChain = Call.Plan.Chain.Hook is not null,
        };
    }
}

/// <summary>Packets that leave a chain.</summary>
/// <param name="State">The packets.</param>
/// <param name="Verdict">The verdict; <see cref="WalkVerdict.Return"/> at the end of the chain.</param>
internal readonly record struct ChainExit(WalkState State, WalkVerdict Verdict);
