using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes an explanation for people.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
/// <param name="showsAll">Whether all branches are shown.</param>
internal sealed class ExplainText(TextWriter output, bool isTerminal, bool showsAll)
{
    /// <summary>The most branches whose rules are shown, and the most that are listed.</summary>
    private const int MostBranches = 3;
    private const int MostListed = 10;

    private const string Good = "32";
    private const string Bad = "31";
    private const string Doubtful = "33";
    private const string Strong = "1";
    private const string Faint = "2";

    private readonly AnsiStyle _ink = new(isTerminal);

    /// <summary>Writes it.</summary>
    public void Write(Explanation explanation)
    {
        output.WriteLine(_ink.Of(Strong, explanation.Title));
        foreach (string assumption in explanation.Question.Assumptions)
        {
            output.WriteLine($"  ({assumption})");
        }

        foreach (ExplainedWalk walk in explanation.Walks)
        {
            output.WriteLine();
            WriteAnswer(explanation, walk);
            WriteWay(walk);
            WriteResult(walk);
        }
    }

    private void WriteAnswer(Explanation explanation, ExplainedWalk walk)
    {
        string colour = walk.Ways.All(way => way.IsForwarded) ? Good : walk.Ways.Any(way => way.IsUncertain) ? Doubtful : Bad;
        output.WriteLine($"{_ink.Of(Strong, walk.Title)}: {_ink.Of(colour, walk.Answer)}");
        WriteEndpoints(explanation.Question, walk);
        if (walk.Reasons.Count != 0)
        {
            output.WriteLine();
            output.WriteLine(_ink.Of(Strong, "Why"));
            foreach (ModelReason reason in walk.Reasons)
            {
                string field = reason.Field.Length == 0 ? reason.Owner : $"{reason.Field} of {reason.Owner}";
                output.WriteLine($"  - {reason.Text} {_ink.Of(Faint, $"[{field}]")}");
            }
        }

        if (walk.Doubts.Count != 0)
        {
            output.WriteLine();
            output.WriteLine(_ink.Of(Doubtful, "Not understood, may match"));
            foreach (WalkTraceEntry doubt in walk.Doubts)
            {
                output.WriteLine($"  - {Place(doubt)}: {doubt.Rule}");
            }
        }
    }

    /// <summary>The endpoints, when the answer does not name the only one; and what becomes of the source.</summary>
    private void WriteEndpoints(PacketQuestion question, ExplainedWalk walk)
    {
        List<ExplainedPath> forwarded = [.. walk.Ways.Where(way => way.IsForwarded)];
        int listed = showsAll ? forwarded.Count : Math.Min(forwarded.Count, MostListed);
        foreach (ExplainedPath way in walk.Ways.Count > 1 ? forwarded.Take(listed) : [])
        {
            output.WriteLine($"  {AnswerDescription.Percent(Math.Round(way.Probability, 4)),8}  {way.Target}" + (way.TargetWords.Length == 0 ? "" : $" ({way.TargetWords})"));
        }

        if (listed < forwarded.Count)
        {
            output.WriteLine($"  and {forwarded.Count - listed} more, {AnswerDescription.Percent(Math.Round(forwarded.Skip(listed).Sum(way => way.Probability), 4))} together; --all lists them");
        }

        foreach (IGrouping<string, ExplainedPath> group in walk.Ways.Where(way => way.Verdict == WalkVerdict.Accept).GroupBy(way => AnswerDescription.Source(question, way), StringComparer.Ordinal))
        {
            bool isForAll = group.Count() == walk.Ways.Count;
            string some = group.Count() > MostBranches ? $"{group.Count()} of the ways" : string.Join(", ", group.Select(way => way.Target?.ToString() ?? "the destination that was dialled"));
            output.WriteLine($"  {(isForAll ? "" : $"towards {some} ")}{group.Key}");
        }
    }

    private void WriteWay(ExplainedWalk walk)
    {
        output.WriteLine();
        output.WriteLine(_ink.Of(Strong, "The way"));
        CommonPath common = CommonPath.Of(walk.Ways);
        Hook? hook = WriteRules(common.First, walk.Ways.Count == 0 ? null : walk.Ways[0].Trace.ElementAtOrDefault(common.First.Count), null, "  ");
        if (walk.Ways.Count > 1)
        {
            int shown = showsAll || walk.Ways.Count <= MostBranches + 1 ? walk.Ways.Count : MostBranches;
            foreach (ExplainedPath way in walk.Ways.Take(shown))
            {
                string end = way.IsForwarded ? $"to {way.Target}" : way.Verdict == WalkVerdict.Accept ? "left alone" : way.Verdict == WalkVerdict.Drop ? "dropped" : "refused";
                output.WriteLine($"  {_ink.Of(Strong, (way.IsUncertain ? "possible" : AnswerDescription.Percent(Math.Round(way.Probability, 4))) + " " + end)}");
                WriteRules(common.Own(way), common.Last.Count == 0 ? null : common.Last[0], hook, "    ");
            }

            if (shown < walk.Ways.Count)
            {
                output.WriteLine($"  and {walk.Ways.Count - shown} more such branches; --all shows them");
            }

            if (common.Last.Count != 0)
            {
                output.WriteLine($"  {_ink.Of(Strong, "then, for all of them")}");
                WriteRules(common.Last, null, null, "    ");
            }
        }
        else if (walk.Ways is [{ Trace.Count: 0 }])
        {
            output.WriteLine("  no rule matches");
        }
    }

    /// <summary>Writes rules under their hooks; gives the last hook.</summary>
    private Hook? WriteRules(IReadOnlyList<WalkTraceEntry> rules, WalkTraceEntry? after, Hook? hook, string indent)
    {
        foreach (PathStep step in PathStep.Of(rules, after))
        {
            WalkTraceEntry entry = step.Entry;
            if (entry.Hook != hook)
            {
                hook = entry.Hook;
                output.WriteLine($"{indent}{_ink.Of(Strong, entry.Hook.ToString().ToUpperInvariant())}");
            }

            if (step.IsPassage)
            {
                string number = step.Positions.Count == 1 ? "rule" : "rules";
                output.WriteLine($"{indent}  {entry.Table} {entry.Chain} {number} {string.Join(", ", step.Positions)}: through {string.Join(", ", step.PassedThrough)}, where nothing matches");
                continue;
            }

            output.WriteLine($"{indent}  {entry.Table} {entry.Chain} rule {entry.Position}: {_ink.Of(entry.IsDoubtful ? Doubtful : "", step.Effect)}");
            output.WriteLine($"{indent}    {_ink.Of(Faint, entry.Rule)}");
            if (entry.Reasons.Count != 0)
            {
                output.WriteLine($"{indent}    because {string.Join("; ", entry.Reasons)}");
            }
        }

        return hook;
    }

    private void WriteResult(ExplainedWalk walk)
    {
        if (walk.Ways.Count == 0)
        {
            return;
        }

        foreach (ExplainedPath way in walk.Ways.DistinctBy(way => (way.Verdict, way.IsForwarded, way.IsMasqueraded)))
        {
            WriteResult(walk, way);
        }
    }

    private void WriteResult(ExplainedWalk walk, ExplainedPath way)
    {
        string which = walk.Ways.Count == 1 ? "" : way.IsForwarded ? $", when {way.Target} is picked" : way.Verdict == WalkVerdict.Accept ? ", when it is left alone" : way.Verdict == WalkVerdict.Drop ? ", when it is dropped" : ", when it is refused";
        output.WriteLine();
        output.WriteLine(_ink.Of(Strong, $"conntrack{which}"));
        output.WriteLine(way.Conntrack.Length == 0 ? "  no entry: the packet ends before its entry is kept" : $"  {way.Conntrack}");
        if (way.Conntrack.Contains(ConntrackDescription.Open, StringComparison.Ordinal))
        {
            output.WriteLine($"  ({ConntrackDescription.Open} is chosen by the kernel{(way.MasqueradeAddress is null ? ", or not known here" : ": masquerading picks a port at random")})");
        }

        output.WriteLine();
        output.WriteLine(_ink.Of(Strong, $"The reply{which}"));
        foreach (string step in way.Reply)
        {
            output.WriteLine($"  - {step}");
        }
    }

    private static string Place(WalkTraceEntry entry) => $"{entry.Hook.ToString().ToUpperInvariant()} {entry.Table} {entry.Chain} rule {entry.Position}";
}
