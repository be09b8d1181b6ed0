using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Writes an explanation as text. For the rules of kube-proxy the packet, the answer, why, and the way are one screen: no more
/// than <see cref="LinesOfScreen"/> lines, unless all is asked for.
/// </summary>
/// <param name="text">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
/// <param name="showsAll">Whether all branches are shown.</param>
/// <param name="width">The columns of the terminal; null if it is none.</param>
internal sealed class ExplainText(TextWriter text, bool isTerminal, bool showsAll, int? width = null)
{
    /// <summary>What a terminal of usual size shows without scrolling.</summary>
    public const int LinesOfScreen = 40;

    public const string Strong = "1";
    public const string Faint = "2";
    public const string Doubtful = "33";

    /// <summary>The most ways over the nodes that are shown, and the most endpoints that are listed.</summary>
    private const int MostBranches = 3;
    private const int MostListed = 3;

    private const string Good = "32";
    private const string Bad = "31";

    private readonly AnsiStyle _style = new(isTerminal);
    private readonly ProseWriter _output = new(text, width);

    public void Write(Explanation explanation)
    {
        _output.WriteProse(_style.Of(Strong, explanation.Title));
        foreach (string assumption in explanation.Question.Assumptions)
        {
            _output.WriteProse($"  ({assumption})");
        }

        foreach (ExplainedWalk walk in explanation.Walks)
        {
            _output.WriteLine();
            WriteAnswer(explanation, walk);
            new PathText(_output, _style, showsAll).Write(walk);
            WriteResult(walk);
        }
    }

    /// <summary>Writes the packet, the answers and why, without the rules on the way.</summary>
    public void WriteAnswers(Explanation explanation)
    {
        _output.WriteProse(explanation.Title);
        foreach (string assumption in explanation.Question.Assumptions)
        {
            _output.WriteProse($"  ({assumption})");
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
        _output.WriteProse($"{_style.Of(Strong, walk.Title)}: {_style.Of(colour, walk.Answer)}");
        WriteEndpoints(explanation.Question, walk);
        if (walk.Reasons.Count != 0)
        {
            _output.WriteLine();
            _output.WriteLine(_style.Of(Strong, "Why"));
            foreach (ModelReason reason in walk.Reasons)
            {
                string field = string.Join(" of ", ((string[])[reason.Field, reason.Owner]).Where(static part => part.Length != 0));
                _output.WriteProse($"  - {reason.Text}{(field.Length == 0 ? "" : " " + _style.Of(Faint, $"[{field}]"))}");
            }
        }

        if (walk.Doubts.Count != 0)
        {
            _output.WriteLine();
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
                _output.WriteLine(_style.Of(Doubtful, title));
                isFirst = false;
            }

            _output.WriteLine($"  - {Place(doubt)}: {doubt.Rule}");
            string option = DoubtDescription.OptionOf(doubt.Missing);
            if (doubt.DependsOn.Length != 0 && !doubt.IsOpen)
            {
                _output.WriteProse($"    depends on {doubt.DependsOn}{(option.Length == 0 ? "" : $": give {option}")}");
            }
        }
    }

    /// <summary>The endpoints, when the answer does not name the only one; and what becomes of the source.</summary>
    private void WriteEndpoints(PacketQuestion question, ExplainedWalk walk)
    {
        // An endpoint that is reached in several ways, such as masqueraded or not, is one.
        ExplainedPath[][] forwarded = [.. walk.Paths.Where(static path => path.IsForwarded).GroupBy(static path => path.TargetText, StringComparer.Ordinal).Select(static group => group.ToArray())];
        int listed = showsAll || forwarded.Length <= MostListed + 1 ? forwarded.Length : MostListed;
        foreach (ExplainedPath[] ways in walk.Paths.Count > 1 ? forwarded.Take(listed) : [])
        {
            _output.WriteProse($"  {AnswerDescription.Share(ways),8}  {ways[0].TargetText}" + (ways[0].TargetDescription.Length == 0 ? "" : $" ({ways[0].TargetDescription})"));
        }

        if (listed < forwarded.Length)
        {
            bool isUncertain = forwarded.Any(static ways => Array.Exists(ways, static path => path.IsUncertain));
            string together = isUncertain ? "" : $", {AnswerDescription.Share([.. forwarded.Skip(listed).SelectMany(static ways => ways)])} together";
            _output.WriteLine($"  and {forwarded.Length - listed} more{together}; -v lists them");
        }

        WriteSources(question, walk);
    }

    private void WriteSources(PacketQuestion question, ExplainedWalk walk)
    {
        ExplainedPath[][] groups = [.. walk.Paths.Where(path => path.Verdict == WalkVerdict.Accept).GroupBy(path => AnswerDescription.Source(question, path), StringComparer.Ordinal).Select(static group => group.ToArray())];
        if (groups.Length == 2 && walk.Paths.All(static path => path is { Verdict: WalkVerdict.Accept, IsUncertain: false }) && Array.Find(groups, static group => !group[0].IsMasqueraded) is { } unchanged)
        {
            ExplainedPath[] other = groups[0] == unchanged ? groups[1] : groups[0];
            _output.WriteProse($"  {AnswerDescription.Source(question, unchanged[0])}, but towards {Ways(other)} {AnswerDescription.Source(question, other[0]).Replace("the source", "it", StringComparison.Ordinal)}");
            return;
        }

        foreach (ExplainedPath[] group in groups)
        {
            _output.WriteProse($"  {(group.Length == walk.Paths.Count ? "" : $"towards {Ways(group)} ")}{AnswerDescription.Source(question, group[0])}");
        }
    }

    private static string Ways(ExplainedPath[] paths) => paths.Length > MostBranches
        ? $"{paths.Length} of the ways"
        : string.Join(", ", paths.Select(path => path.Target is null ? "the destination that was dialled" : path.TargetText));

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
            _output.WriteLine();
            _output.WriteLine(_style.Of(Strong, JourneyText.Title + (walk.Paths.Count == 1 || !path.IsForwarded ? "" : $", when {path.TargetText} is picked")));
            foreach (string line in JourneyText.Lines(path))
            {
                _output.WriteProse($"  - {line}");
            }
        }

        if (!showsAll && followed.Length > MostBranches)
        {
            _output.WriteLine($"  and {followed.Length - MostBranches} more; -v shows them");
        }
    }

    private void WriteResult(ExplainedWalk walk, ExplainedPath path)
    {
        string which = walk.Paths.Count == 1 ? "" : path.IsForwarded ? $", when {path.TargetText} is picked" : path.Verdict == WalkVerdict.Accept ? ", when it is left alone" : path.Verdict == WalkVerdict.Drop ? ", when it is dropped" : ", when it is refused";
        _output.WriteLine();
        _output.WriteLine(_style.Of(Strong, $"conntrack{which}"));
        _output.WriteLine(path.Conntrack.Length != 0 ? $"  {path.Conntrack}" : path.IsUntracked ? "  no entry: the packet is exempt from connection tracking" : "  no entry: the packet ends before its entry is kept");
        if (path.Conntrack.Contains(ConntrackDescription.Open, StringComparison.Ordinal))
        {
            _output.WriteProse($"  ({ConntrackDescription.Open} is chosen by the kernel{(path.MasqueradeAddress is null || !path.IsSourcePortPicked ? ", or not known here" : ": masquerading picks a port at random")})");
        }

        _output.WriteLine();
        _output.WriteLine(_style.Of(Strong, $"The reply{which}"));
        foreach (string step in path.Reply)
        {
            _output.WriteProse($"  - {step}");
        }
    }

    private static string Place(WalkTraceEntry entry) => $"{entry.Hook.ToString().ToUpperInvariant()} {DoubtDescription.Place(entry)}";
}
