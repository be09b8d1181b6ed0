using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Explain;

/// <summary>
/// The path as a person would draw it: the client on top, the chains below each other, a lane for each branch, endpoints
/// at the bottom, and the way back.
/// </summary>
/// <param name="Title">What is shown.</param>
/// <param name="Subtitle">The answer.</param>
/// <param name="Stem">The boxes before the branches, the client first.</param>
/// <param name="Lanes">The branches; one when there are none.</param>
/// <param name="ReplyFrom">The address that the client sees in the answer; empty if no answer comes.</param>
/// <param name="ReplyTo">Where endpoints send their answers.</param>
internal sealed record Picture(
    string Title,
    string Subtitle,
    IReadOnlyList<PictureBox> Stem,
    IReadOnlyList<PictureLane> Lanes,
    string ReplyFrom,
    string ReplyTo)
{
    private const int MostLanes = 5;

    /// <summary>Draws one walk.</summary>
    public static Picture Of(Explanation explanation, ExplainedWalk walk, bool showsAll)
    {
        PacketQuestion question = explanation.Question;
        IReadOnlyList<ExplainedWay> ways = walk.Ways;
        int shown = showsAll || ways.Count <= MostLanes ? ways.Count : MostLanes - 1;
        CommonWay common = CommonWay.Of(ways);
        List<PictureBox> stem = [new(PictureBoxKind.Client, "", question.SourceWords.Length == 0 ? "client" : question.SourceWords, [question.Source.ToString(), $"dials {question.To}"])];
        stem.AddRange(Chains(common.First));
        List<PictureLane> lanes = [];
        foreach (ExplainedWay way in ways.Take(shown))
        {
            string label = ways.Count == 1 ? "" : way.IsUncertain ? "possible" : AnswerWords.Percent(Math.Round(way.Probability, 4));
            lanes.Add(new(label, [.. Chains(way.Trace.Skip(common.First.Count)), End(question, way)], way.Verdict == WalkVerdict.Accept));
        }

        if (shown < ways.Count)
        {
            string together = AnswerWords.Percent(Math.Round(ways.Skip(shown).Sum(way => way.Probability), 4));
            lanes.Add(new(together, [new(PictureBoxKind.More, "", $"{ways.Count - shown} more branches", ["of the same form"])], HasReply: false));
        }

        ExplainedWay? answered = ways.FirstOrDefault(way => way.Verdict == WalkVerdict.Accept);
        string replyTo = answered is null ? "" : answered.IsMasqueraded ? answered.MasqueradeAddress?.ToString() ?? "this node" : question.Source.ToString();
        return new($"{explanation.Title}, {walk.Title}", walk.Answer, stem, lanes, answered is null ? "" : question.Dialled.ToString(), replyTo);
    }

    /// <summary>One box for the rules of a chain that follow each other.</summary>
    private static IEnumerable<PictureBox> Chains(IEnumerable<WalkTraceEntry> trace)
    {
        PictureBox? box = null;
        foreach (WayStep step in WayStep.Of([.. trace]))
        {
            WalkTraceEntry entry = step.Entry;
            string band = entry.Hook.ToString().ToUpperInvariant();
            string title = $"{entry.Table} {entry.Chain}";
            bool isRewrite = entry.IsRewrite || entry.Effect is "masquerades";
            PictureBoxKind kind = entry.IsDoubtful ? PictureBoxKind.Doubt : isRewrite ? PictureBoxKind.Rewrite : PictureBoxKind.Chain;
            string line = step.IsPassage ? "nothing matches" : $"{entry.Position}: {entry.Effect}";
            if (box is not null && box.Band == band && box.Title == title)
            {
                box = box with { Kind = kind == PictureBoxKind.Chain ? box.Kind : kind, Lines = [.. box.Lines, line] };
                continue;
            }

            if (box is not null)
            {
                yield return box;
            }

            box = new(kind, band, title, [line]);
        }

        if (box is not null)
        {
            yield return box;
        }
    }

    private static PictureBox End(PacketQuestion question, ExplainedWay way)
    {
        switch (way.Verdict)
        {
            case WalkVerdict.Drop:
                return new(PictureBoxKind.End, "", "dropped", ["the client runs into its time-out"]);
            case WalkVerdict.Reject:
                return new(PictureBoxKind.End, "", "refused", ["port unreachable"]);
        }

        List<string> lines = [.. way.TargetWords.Split(", ", StringSplitOptions.RemoveEmptyEntries)];
        lines.Add(way.IsMasqueraded ? $"sees {way.MasqueradeAddress?.ToString() ?? "an address of this node"}" : $"sees {question.Source}");
        return new(PictureBoxKind.Endpoint, "", way.Target?.ToString() ?? question.Dialled.ToString(), lines);
    }
}
