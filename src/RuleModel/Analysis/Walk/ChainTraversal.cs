using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Traverses chains: applies their rules in order, and follows jumps into other chains.</summary>
internal sealed class ChainTraversal
{
    /// <summary>Chains deeper than this are a loop; the kernel refuses those too.</summary>
    private const int MaxDepth = 64;

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
            else if (call.Plan.HasUnknown(position))
            {
                JoinAlike(next);
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
        ReadOnlySpan<RuleStep> steps = run.Call.Plan.Steps(run.Position);
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

        run.Next.Add(current);
    }

    /// <summary>
    /// Joins paths that differ only by a match that is not understood: it made no difference. Without this each such rule
    /// would double them.
    /// </summary>
    private void JoinAlike(List<WalkState> states)
    {
        for (int index = 0; index < states.Count; index++)
        {
            for (int other = states.Count - 1; other > index; other--)
            {
                if (TryJoin(states[index], states[other]))
                {
                    states.RemoveAt(other);
                }
            }
        }
    }

    private bool TryJoin(WalkState kept, WalkState other)
    {
        if (!kept.IsLike(other))
        {
            return false;
        }

        if (_context.Packet is not null)
        {
            return kept.IsUncertain;
        }

        if (kept.Assumed is not { } left || other.Assumed is not { } right
            || !left.Condition.Equals(right.Condition) || left.IsTrue == right.IsTrue || !ReferenceEquals(left.Before, right.Before))
        {
            return false;
        }

        kept.Assumed = left.Before;
        return true;
    }
}

/// <summary>The chain that is traversed, for which hook, and how many jumps deep.</summary>
internal readonly record struct ChainCall(Hook Hook, ChainPlan Plan, int Depth);

/// <summary>A rule that is applied, and where packets go that it does not keep.</summary>
/// <param name="Call">The chain.</param>
/// <param name="Position">The rule's index.</param>
/// <param name="Next">Receives what goes on to the next rule.</param>
/// <param name="Exits">Receives what leaves the chain.</param>
internal readonly record struct RuleRun(ChainCall Call, int Position, List<WalkState> Next, List<ChainExit> Exits)
{
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
