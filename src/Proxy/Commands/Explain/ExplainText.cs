using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Writes an explanation as text. For the rules of kube-proxy the answer, why, and the way are one screen: no more than
/// <see cref="LinesOfScreen"/> lines, unless all is asked for.
/// </summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
/// <param name="showsAll">Whether all branches are shown.</param>
internal sealed class ExplainText(TextWriter output, bool isTerminal, bool showsAll)
{
    /// <summary>What a terminal of usual size shows without scrolling.</summary>
    public const int LinesOfScreen = 40;

    /// <summary>The most branches whose rules are shown, one of each kind, and the most that are listed.</summary>
    private const int MostBranches = 3;
    private const int MostListed = 5;

    /// <summary>The most chains in which nothing matches that are named.</summary>
    private const int MostPassed = 4;

    private const string Good = "32";
    private const string Bad = "31";
    private const string Doubtful = "33";
    private const string Strong = "1";
    private const string Faint = "2";

    private readonly AnsiStyle _style = new(isTerminal);

    /// <summary>The rules whose text was written for the present walk.</summary>
    private readonly HashSet<(string Table, string Chain, string Rule)> _written = [];

    public void Write(Explanation explanation)
    {
        output.WriteLine(_style.Of(Strong, explanation.Title));
        foreach (string assumption in explanation.Question.Assumptions)
        {
            output.WriteLine($"  ({assumption})");
        }

        foreach (ExplainedWalk walk in explanation.Walks)
        {
            output.WriteLine();
            _written.Clear();
            WriteAnswer(explanation, walk);
            WritePath(walk);
            WriteResult(walk);
        }
    }

    /// <summary>Writes the packet, the answers and why, without the rules on the way.</summary>
    public void WriteAnswers(Explanation explanation)
    {
        output.WriteLine(explanation.Title);
        foreach (string assumption in explanation.Question.Assumptions)
        {
            output.WriteLine($"  ({assumption})");
        }

        foreach (ExplainedWalk walk in explanation.Walks)
        {
            WriteAnswer(explanation, walk);
            WriteJourneys(walk);
        }
    }

    private void WriteAnswer(Explanation explanation, ExplainedWalk walk)
    {
        string colour = walk.Paths.All(path => path.IsForwarded) ? Good : walk.Paths.Any(path => path.IsUncertain) ? Doubtful : Bad;
        output.WriteLine($"{_style.Of(Strong, walk.Title)}: {_style.Of(colour, walk.Answer)}");
        WriteEndpoints(explanation.Question, walk);
        if (walk.Reasons.Count != 0)
        {
            output.WriteLine();
            output.WriteLine(_style.Of(Strong, "Why"));
            foreach (ModelReason reason in walk.Reasons)
            {
                string field = reason.Field.Length == 0 ? reason.Owner : $"{reason.Field} of {reason.Owner}";
                output.WriteLine($"  - {reason.Text} {_style.Of(Faint, $"[{field}]")}");
            }
        }

        if (walk.Doubts.Count != 0)
        {
            output.WriteLine();
            WriteDoubts("Not understood, may do anything", walk.Doubts.Where(doubt => doubt.IsOpen));
            WriteDoubts("Not understood, may match", walk.Doubts.Where(doubt => !doubt.IsOpen && doubt.DependsOn.Length == 0));
            WriteDoubts("May match, depending on what is not known", walk.Doubts.Where(doubt => !doubt.IsOpen && doubt.DependsOn.Length != 0));
        }
    }

    private void WriteDoubts(string title, IEnumerable<WalkTraceEntry> doubts)
    {
        bool isFirst = true;
        foreach (WalkTraceEntry doubt in doubts)
        {
            if (isFirst)
            {
                output.WriteLine(_style.Of(Doubtful, title));
                isFirst = false;
            }

            output.WriteLine($"  - {Place(doubt)}: {doubt.Rule}");
            string option = DoubtDescription.OptionOf(doubt.Missing);
            if (doubt.DependsOn.Length != 0 && !doubt.IsOpen)
            {
                output.WriteLine($"    depends on {doubt.DependsOn}{(option.Length == 0 ? "" : $": give {option}")}");
            }
        }
    }

    /// <summary>The endpoints, when the answer does not name the only one; and what becomes of the source.</summary>
    private void WriteEndpoints(PacketQuestion question, ExplainedWalk walk)
    {
        List<ExplainedPath> forwarded = [.. walk.Paths.Where(path => path.IsForwarded)];
        int listed = showsAll || forwarded.Count <= MostListed + 1 ? forwarded.Count : MostListed;
        foreach (ExplainedPath path in walk.Paths.Count > 1 ? forwarded.Take(listed) : [])
        {
            output.WriteLine($"  {AnswerDescription.Share(path),8}  {path.TargetText}" + (path.TargetDescription.Length == 0 ? "" : $" ({path.TargetDescription})"));
        }

        if (listed < forwarded.Count)
        {
            string together = forwarded.Any(path => path.IsUncertain) ? "" : $", {AnswerDescription.Percent(Math.Round(forwarded.Skip(listed).Sum(path => path.Probability), 4))} together";
            output.WriteLine($"  and {forwarded.Count - listed} more{together}; -v lists them");
        }

        foreach (IGrouping<string, ExplainedPath> group in walk.Paths.Where(path => path.Verdict == WalkVerdict.Accept).GroupBy(path => AnswerDescription.Source(question, path), StringComparer.Ordinal))
        {
            bool isForAll = group.Count() == walk.Paths.Count;
            string some = group.Count() > MostBranches ? $"{group.Count()} of the ways" : string.Join(", ", group.Select(path => path.Target is null ? "the destination that was dialled" : path.TargetText));
            output.WriteLine($"  {(isForAll ? "" : $"towards {some} ")}{group.Key}");
        }
    }

    private void WritePath(ExplainedWalk walk)
    {
        output.WriteLine();
        output.WriteLine(_style.Of(Strong, "The way"));
        CommonPath common = CommonPath.Of(walk.Paths);
        Hook? hook = WriteRules(common.First, walk.Paths.Count == 0 ? null : walk.Paths[0].Trace.ElementAtOrDefault(common.First.Count), null, "  ");
        if (walk.Paths.Count > 1)
        {
            List<ExplainedPath> shown = showsAll ? [.. walk.Paths] : [.. walk.Paths.DistinctBy(path => KindOf(common, path), StringComparer.Ordinal).Take(MostBranches)];
            foreach (ExplainedPath path in shown)
            {
                string end = path.IsForwarded ? $"to {path.TargetText}" : path.Verdict == WalkVerdict.Accept ? "left alone" : path.Verdict == WalkVerdict.Drop ? "dropped" : "refused";
                output.WriteLine($"  {_style.Of(Strong, AnswerDescription.Share(path) + " " + end)}");
                WriteRules(common.Own(path), common.Last.Count == 0 ? null : common.Last[0], hook, "    ");
            }

            if (shown.Count < walk.Paths.Count)
            {
                output.WriteLine($"  and {walk.Paths.Count - shown.Count} more such {(walk.Paths.Count - shown.Count == 1 ? "branch" : "branches")}; -v shows them");
            }

            if (common.Last.Count != 0)
            {
                output.WriteLine($"  {_style.Of(Strong, "then, for all of them")}");
                WriteRules(common.Last, null, null, "    ");
            }
        }
        else if (walk.Paths is [{ Trace.Count: 0 }])
        {
            output.WriteLine("  no rule matches");
        }
    }

    /// <summary>What branches have in common that differ only in their endpoints: how they end, and the kinds of the chains with their rules.</summary>
    private static string KindOf(CommonPath common, ExplainedPath path)
    {
        IEnumerable<string> rules = common.Own(path).Select(static entry => $"{entry.Hook} {entry.Table} {ChainKind(entry.Chain)} {entry.IsDoubtful}");
        return $"{path.Verdict} {path.RejectWith} {path.IsForwarded} {path.IsMasqueraded} {path.IsUncertain} {string.Join(", ", rules)}";
    }

    /// <summary>What comes before the hash or number in the names of kube-proxy's chains, such as KUBE-SEP, endpoint, cluster.</summary>
    private static string ChainKind(string chain) => string.Join('-', chain.Split('-').Take(chain.StartsWith("KUBE-", StringComparison.Ordinal) ? 2 : 1));

    /// <summary>Writes rules under their hooks; gives the last hook.</summary>
    private Hook? WriteRules(IReadOnlyList<WalkTraceEntry> rules, WalkTraceEntry? after, Hook? hook, string indent)
    {
        foreach (PathStep step in PathStep.Of(rules, after))
        {
            WalkTraceEntry entry = step.Entry;
            if (entry.Hook != hook)
            {
                hook = entry.Hook;
                output.WriteLine($"{indent}{_style.Of(Strong, entry.Hook.ToString().ToUpperInvariant())}");
            }

            if (!showsAll && IsUnconditionalJump(entry) && !step.IsPassage && step.PassedThrough.Count == 0)
            {
                continue; // the next rule names the chain
            }

            if (step.IsPassage)
            {
                output.WriteLine($"{indent}  {entry.Table} {entry.Chain} {Passage(step)}, where nothing matches");
                continue;
            }

            if (entry.IsPolicy)
            {
                output.WriteLine($"{indent}  {entry.Table} {entry.Chain} policy DROP: no rule decides, so the policy drops it");
                continue;
            }

            output.WriteLine($"{indent}  {entry.Table} {entry.Chain} rule {entry.Position}: {_style.Of(entry.IsDoubtful ? Doubtful : "", step.Effect)}");
            bool isNew = _written.Add((entry.Table, entry.Chain, entry.Rule));
            bool saysMore = entry.Reasons.Count != 0 || entry.IsDoubtful;
            if (showsAll || (isNew && saysMore))
            {
                output.WriteLine($"{indent}    {_style.Of(Faint, entry.Rule)}");
            }

            if (entry.Reasons.Count != 0 && (showsAll || (isNew && !IsObvious(entry))))
            {
                output.WriteLine($"{indent}    because {string.Join("; ", entry.Reasons)}");
            }
        }

        return hook;
    }

    private static bool IsUnconditionalJump(WalkTraceEntry entry) =>
        entry.JumpsTo.Length != 0 && entry.Reasons.Count == 0 && !entry.IsDoubtful && entry.Effect == $"goes to {entry.JumpsTo}";

    /// <summary>Whether the only condition is the protocol, or that the connection is new, as that of every packet asked about is.</summary>
    private static bool IsObvious(WalkTraceEntry entry) =>
        !entry.IsDoubtful && entry.Reasons is [var only] && (only == "connection is new" || only.StartsWith("protocol is ", StringComparison.Ordinal));

    private string Passage(PathStep step) => step.Positions.Count switch
    {
        1 => $"rule {step.Positions[0]}: through {step.PassedThrough[0]}",
        <= MostPassed => $"rules {string.Join(", ", step.Positions)}: through {string.Join(", ", step.PassedThrough)}",
        _ when showsAll => $"rules {string.Join(", ", step.Positions)}: through {string.Join(", ", step.PassedThrough)}",
        int count => $"rules {step.Positions[0]} to {step.Positions[^1]}: {count} of them go through {step.PassedThrough.Distinct(StringComparer.Ordinal).Count()} chains",
    };

    private void WriteResult(ExplainedWalk walk)
    {
        if (walk.Paths.Count == 0)
        {
            return;
        }

        WriteJourneys(walk);
        foreach (ExplainedPath path in walk.Paths.DistinctBy(path => (path.Verdict, path.RejectWith, path.IsForwarded, path.IsMasqueraded)))
        {
            WriteResult(walk, path);
        }
    }

    private void WriteJourneys(ExplainedWalk walk)
    {
        ExplainedPath[] followed = [.. walk.Paths.Where(static path => path.Journey.Count != 0)];
        foreach (ExplainedPath path in followed.Take(showsAll ? followed.Length : MostBranches))
        {
            output.WriteLine();
            output.WriteLine(_style.Of(Strong, JourneyText.Title + (walk.Paths.Count == 1 || !path.IsForwarded ? "" : $", when {path.TargetText} is picked")));
            foreach (string line in JourneyText.Lines(path))
            {
                output.WriteLine($"  - {line}");
            }
        }

        if (!showsAll && followed.Length > MostBranches)
        {
            output.WriteLine($"  and {followed.Length - MostBranches} more; -v shows them");
        }
    }

    private void WriteResult(ExplainedWalk walk, ExplainedPath path)
    {
        string which = walk.Paths.Count == 1 ? "" : path.IsForwarded ? $", when {path.TargetText} is picked" : path.Verdict == WalkVerdict.Accept ? ", when it is left alone" : path.Verdict == WalkVerdict.Drop ? ", when it is dropped" : ", when it is refused";
        output.WriteLine();
        output.WriteLine(_style.Of(Strong, $"conntrack{which}"));
        output.WriteLine(path.Conntrack.Length != 0 ? $"  {path.Conntrack}" : path.IsUntracked ? "  no entry: the packet is exempt from connection tracking" : "  no entry: the packet ends before its entry is kept");
        if (path.Conntrack.Contains(ConntrackDescription.Open, StringComparison.Ordinal))
        {
            output.WriteLine($"  ({ConntrackDescription.Open} is chosen by the kernel{(path.MasqueradeAddress is null || !path.IsSourcePortPicked ? ", or not known here" : ": masquerading picks a port at random")})");
        }

        output.WriteLine();
        output.WriteLine(_style.Of(Strong, $"The reply{which}"));
        foreach (string step in path.Reply)
        {
            output.WriteLine($"  - {step}");
        }
    }

    private static string Place(WalkTraceEntry entry) => $"{entry.Hook.ToString().ToUpperInvariant()} {DoubtDescription.Place(entry)}";
}
