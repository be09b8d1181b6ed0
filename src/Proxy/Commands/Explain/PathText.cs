using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Writes the rules that a packet meets, under their hooks. Without <paramref name="showsAll"/> a rule's text is written once, branches
/// of one kind are one, and of a further kind only what differs is written.
/// </summary>
/// <param name="output">Where to.</param>
/// <param name="style">Colours.</param>
/// <param name="showsAll">Whether all branches and all rules are shown.</param>
internal sealed class PathText(ProseWriter output, AnsiStyle style, bool showsAll)
{
    /// <summary>The most kinds of branches that are shown; fewer below rules that are not decided, which take their place.</summary>
    private const int MostKinds = 3;
    private const int MostKindsInDoubt = 2;

    /// <summary>The most chains in which nothing matches that are named.</summary>
    private const int MostPassed = 4;

    private const string Sends = "sends to ";
    private const string ProtocolReason = "protocol is ";

    /// <summary>How reasons begin that only repeat what the rule asks for: the packet has just that.</summary>
    private static readonly string[] s_repeated = ["destination is ", "source is ", ProtocolReason, "destination port is ", "by chance, "];

    /// <summary>The rules whose text was written.</summary>
    private readonly HashSet<(string Table, string Chain, string Rule)> _written = [];

    /// <summary>Writes them.</summary>
    public void Write(ExplainedWalk walk)
    {
        output.WriteLine();
        output.WriteLine(style.Of(ExplainText.Strong, "The way"));
        _written.UnionWith(walk.Doubts.Select(static doubt => (doubt.Table, doubt.Chain, doubt.Rule))); // they stand above
        CommonPath common = CommonPath.Of(walk.Paths);
        Hook? hook = walk.Paths.Count == 0 ? null : WriteSteps(Steps(common.First, walk.Paths[0].Trace.ElementAtOrDefault(common.First.Count), walk.Paths[0]), null, "  ");
        if (walk.Paths.Count > 1)
        {
            WriteBranches(walk, common, hook);
            if (common.Last.Count != 0)
            {
                output.WriteLine($"  {style.Of(ExplainText.Strong, "then, for all of them")}");
                WriteSteps(PathStep.Of(common.Last), null, "    ");
            }
        }
        else if (walk.Paths is [{ Trace.Count: 0 }])
        {
            output.WriteLine("  no rule matches");
        }
    }

    private void WriteBranches(ExplainedWalk walk, CommonPath common, Hook? hook)
    {
        WalkTraceEntry? after = common.Last.Count == 0 ? null : common.Last[0];
        ExplainedPath[][] kinds = showsAll
            ? [.. walk.Paths.Select(static path => (ExplainedPath[])[path])]
            : [.. walk.Paths.GroupBy(path => BranchKind.Of(path, common.Own(path)), StringComparer.Ordinal).Select(static kind => kind.ToArray())];
        kinds = showsAll || walk.Paths.Any(static path => path.IsUncertain) ? kinds : [.. kinds.OrderByDescending(static kind => Math.Round(kind.Sum(static path => path.Probability), 4))];
        int shown = showsAll ? kinds.Length : Math.Min(kinds.Length, walk.Doubts.Count == 0 ? MostKinds : MostKindsInDoubt);
        IReadOnlyList<PathStep> first = [];
        for (int number = 0; number < shown; number++)
        {
            ExplainedPath[] alike = kinds[number];
            IReadOnlyList<PathStep> steps = Steps(common.Own(alike[0]), after, alike[0]);
            BranchDifference? difference = number == 0 || showsAll ? null : BranchDifference.Of(first, steps);
            first = number == 0 ? steps : first;
            output.WriteProse($"  {style.Of(ExplainText.Strong, Heading(alike) + (difference is null ? "" : "; what differs from the first:"))}");
            WriteSteps(difference?.Added ?? steps, hook, "    ");
            if (difference is { Missing.Count: > 0 })
            {
                output.WriteProse($"      without {string.Join(", ", difference.Missing.Select(static step => $"{step.Entry.Table} {step.Entry.Chain} rule {step.Entry.Position} ({step.Effect})"))}");
            }
        }

        if (shown < kinds.Length)
        {
            int left = kinds.Skip(shown).Sum(static kind => kind.Length);
            output.WriteLine($"  and {left} more {(left == 1 ? "branch" : "branches")} by other rules; -v shows them");
        }
    }

    /// <summary>The steps of a path. A rule of kube-proxy that remembers the client and sends it on says both.</summary>
    private static PathStep[] Steps(IReadOnlyList<WalkTraceEntry> rules, WalkTraceEntry? after, ExplainedPath path) =>
    [
        .. PathStep.Of(rules, after).Select(step => step.Entry.Effect.StartsWith("remembers ", StringComparison.Ordinal) && step.Entry.Rule.EndsWith($" -j DNAT --to-destination {path.TargetText}", StringComparison.Ordinal)
            ? step with { Entry = step.Entry with { Effect = $"{step.Entry.Effect} and {Sends}{path.TargetText}", IsRewrite = true } }
            : step),
    ];

    /// <summary>Where branches of one kind lead, and how likely each is.</summary>
    private static string Heading(ExplainedPath[] alike)
    {
        ExplainedPath first = alike[0];
        string end = first.IsForwarded ? $"to {first.TargetText}" : first.Verdict == WalkVerdict.Accept ? "left alone" : first.Verdict == WalkVerdict.Drop ? "dropped" : "refused";
        return alike.Length == 1
            ? $"{AnswerDescription.Share(first)} {end}"
            : $"{AnswerDescription.Shares(alike)} {end} and, by rules of the same kind, to {alike.Length - 1} more (-v shows them)";
    }

    /// <summary>Writes rules under their hooks; a hook with one line beside it. Gives the last hook.</summary>
    private Hook? WriteSteps(IReadOnlyList<PathStep> steps, Hook? hook, string indent)
    {
        List<PathLine> lines = [.. Lines([.. steps.Where(step => showsAll || step.IsPassage || step.PassedThrough.Count != 0 || !IsUnconditionalJump(step.Entry))])]; // the next rule names the chain
        for (int index = 0; index < lines.Count; index++)
        {
            PathLine line = lines[index];
            string before = $"{indent}  ";
            if (line.Hook != hook)
            {
                hook = line.Hook;
                bool isAlone = index + 1 == lines.Count || lines[index + 1].Hook != hook;
                string name = style.Of(ExplainText.Strong, line.Hook.ToString().ToUpperInvariant());
                before = isAlone ? $"{indent}{name}: " : before;
                if (!isAlone)
                {
                    output.WriteLine($"{indent}{name}");
                }
            }

            if (line.IsRule)
            {
                output.WriteLine($"{indent}    {style.Of(ExplainText.Faint, line.Text)}");
            }
            else
            {
                output.WriteProse(before + line.Text);
            }
        }

        return hook;
    }

    private IEnumerable<PathLine> Lines(PathStep[] steps)
    {
        for (int index = 0; index < steps.Length; index++)
        {
            PathStep step = steps[index];
            WalkTraceEntry entry = step.Entry;
            string chain = $"{entry.Table} {entry.Chain}";
            PathStep? next = showsAll ? null : steps.ElementAtOrDefault(index + 1);
            if (step.IsPassage)
            {
                yield return new(entry.Hook, $"{chain} {Passage(step)}, where nothing matches");
            }
            else if (entry.IsPolicy)
            {
                yield return new(entry.Hook, $"{chain} policy DROP: no rule decides, so the policy drops it");
            }
            else if (next is not null && entry.IsDoubtful && next.Entry.Position == entry.Position && IsSameChain(entry, next.Entry, entry.Chain))
            {
                // The same rule, in a branch in which it matches.
                foreach (PathLine line in RuleLines(step, $", and {next.Effect}"))
                {
                    yield return line;
                }

                index++;
            }
            else if (next is not null && IsContinued(step, next))
            {
                yield return new(entry.Hook, $"{chain} rules {entry.Position}, {next.Entry.Position}: {step.Effect}, {next.Effect}");
                index++;
            }
            else
            {
                bool isCall = next is not null && IsCalled(step, next, steps.ElementAtOrDefault(index + 2));
                foreach (PathLine line in RuleLines(step, isCall ? $", where rule {next!.Entry.Position} {next.Effect}" : "")) // there is one if it is called
                {
                    yield return line;
                }

                index += isCall ? 1 : 0;
            }
        }
    }

    private IEnumerable<PathLine> RuleLines(PathStep step, string called)
    {
        WalkTraceEntry entry = step.Entry;
        bool isNew = _written.Add((entry.Table, entry.Chain, entry.Rule));
        string[] why = showsAll ? [.. entry.Reasons] : isNew ? [.. entry.Reasons.Where(reason => entry.IsDoubtful || !IsObvious(reason))] : [];
        string reasons = why.Length == 0 ? "" : $"{(entry.IsDoubtful ? "if" : "because")} {string.Join("; ", why)}";
        string effect = style.Of(entry.IsDoubtful ? ExplainText.Doubtful : "", step.Effect + called);
        yield return new(entry.Hook, $"{entry.Table} {entry.Chain} rule {entry.Position}: {effect}{(showsAll || reasons.Length == 0 ? "" : $", {reasons}")}");
        if (showsAll || (isNew && HasText(entry)))
        {
            yield return new(entry.Hook, entry.Rule) { IsRule = true };
        }

        if (showsAll && reasons.Length != 0)
        {
            yield return new(entry.Hook, "  " + reasons);
        }
    }

    /// <summary>Whether two rules of a chain, whose effects say all, are one line: kube-proxy's last two flip the mark and masquerade.</summary>
    private static bool IsContinued(PathStep step, PathStep next) =>
        !HasText(step.Entry) && step.PassedThrough.Count == 0 && IsPlain(next) && IsSameChain(step.Entry, next.Entry, step.Entry.Chain);

    /// <summary>Whether a rule leads to a chain of which only the next rule counts, whose effect says all: kube-proxy's KUBE-MARK-MASQ.</summary>
    private static bool IsCalled(PathStep step, PathStep next, PathStep? after) =>
        IsPlain(next) && IsSameChain(step.Entry, next.Entry, step.Entry.JumpsTo) && (after is null || !IsSameChain(next.Entry, after.Entry, after.Entry.Chain));

    /// <summary>Whether the effect of a step is all there is to say.</summary>
    private static bool IsPlain(PathStep step) => !HasText(step.Entry) && step.Entry is { IsPolicy: false, JumpsTo.Length: 0 };

    /// <summary>Whether the second rule is in a chain of the same table, called by the same hook.</summary>
    private static bool IsSameChain(WalkTraceEntry first, WalkTraceEntry second, string chain) =>
        first.Hook == second.Hook && first.Table == second.Table && second.Chain == chain && (first.Chain == chain || first.JumpsTo == chain);

    /// <summary>Whether the text of a rule says more than its effect: if it has a condition; that of an endpoint is its protocol.</summary>
    private static bool HasText(WalkTraceEntry entry) =>
        entry.IsDoubtful || (entry.Reasons.Count != 0 && !(entry.Effect.Contains(Sends, StringComparison.Ordinal) && entry.Reasons is [var only] && only.StartsWith(ProtocolReason, StringComparison.Ordinal)));

    private static bool IsUnconditionalJump(WalkTraceEntry entry) =>
        entry.JumpsTo.Length != 0 && entry.Reasons.Count == 0 && !entry.IsDoubtful && entry.Effect == $"goes to {entry.JumpsTo}";

    /// <summary>
    /// Whether the text of the rule has a reason: it asks for one address, port or protocol, or for chance; or for a new
    /// connection, as that of every packet asked about is.
    /// </summary>
    private static bool IsObvious(string reason) => reason == "connection is new" || Array.Exists(s_repeated, start => reason.StartsWith(start, StringComparison.Ordinal));

    private string Passage(PathStep step) => step.Positions.Count switch
    {
        1 => $"rule {step.Positions[0]}: through {step.PassedThrough[0]}",
        <= MostPassed => $"rules {string.Join(", ", step.Positions)}: through {string.Join(", ", step.PassedThrough)}",
        _ when showsAll => $"rules {string.Join(", ", step.Positions)}: through {string.Join(", ", step.PassedThrough)}",
        int count => $"rules {step.Positions[0]} to {step.Positions[^1]}: {count} of them go through {step.PassedThrough.Distinct(StringComparer.Ordinal).Count()} chains",
    };

    /// <summary>A line below a hook.</summary>
    /// <param name="Hook">The hook.</param>
    /// <param name="Text">What it says.</param>
    private sealed record PathLine(Hook Hook, string Text)
    {
        /// <summary>Whether it is the text of a rule, which stays whole.</summary>
        public bool IsRule { get; init; }
    }
}
