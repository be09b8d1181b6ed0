using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// A drawing of the path: the client on top, the chains below each other, a lane for each branch, endpoints
/// at the bottom, and the reply.
/// </summary>
/// <param name="Title">What is shown.</param>
/// <param name="Subtitle">The answer.</param>
/// <param name="Stem">The boxes before the branches, the client first.</param>
/// <param name="Lanes">The branches; one when there are none.</param>
/// <param name="ReplyFrom">The address that the client sees in the answer; empty if no answer comes.</param>
/// <param name="ReplyDescription">What happens to replies; for the arrow back to the client.</param>
internal sealed record Picture(
    string Title,
    string Subtitle,
    IReadOnlyList<PictureBox> Stem,
    IReadOnlyList<PictureLane> Lanes,
    string ReplyFrom,
    string ReplyDescription)
{
    private const int MostLanes = 5;

    public static Picture Of(Explanation explanation, ExplainedWalk walk, bool showsAll)
    {
        PacketQuestion question = explanation.Question;
        IReadOnlyList<ExplainedPath> paths = walk.Paths;
        int shown = showsAll || paths.Count <= MostLanes ? paths.Count : MostLanes - 1;
        CommonPath common = CommonPath.Of(paths);
        List<PictureBox> stem = [new(PictureBoxKind.Client, "", question.SourceDescription.Length == 0 ? "client" : question.SourceDescription, [question.Source.ToString(), $"dials {question.To}"])];
        stem.AddRange(Chains(common.First, paths.Count == 0 ? null : paths[0].Trace.ElementAtOrDefault(common.First.Count)));
        List<PictureLane> lanes = [];
        foreach (ExplainedPath path in paths.Take(shown))
        {
            string label = paths.Count == 1 ? "" : path.IsUncertain ? "possible" : AnswerDescription.Percent(Math.Round(path.Probability, 4));
            lanes.Add(new(label, [.. Chains([.. path.Trace.Skip(common.First.Count)], null), End(question, path)], path.Verdict == WalkVerdict.Accept));
        }

        if (shown < paths.Count)
        {
            string together = paths.Any(path => path.IsUncertain) ? "possible" : AnswerDescription.Percent(Math.Round(paths.Skip(shown).Sum(path => path.Probability), 4));
            lanes.Add(new(together, [new(PictureBoxKind.More, "", $"{paths.Count - shown} more branches", ["of the same form"])], HasReply: false));
        }

        ExplainedPath? answered = paths.FirstOrDefault(path => path.Verdict == WalkVerdict.Accept);
        bool isRewritten = paths.Any(path => path.Verdict == WalkVerdict.Accept && (path.IsMasqueraded || path.Target is not null));
        string description = isRewritten ? "answers: conntrack undoes the rewriting" : "answers come back as they are";
        return new($"{explanation.Title}, {walk.Title}", walk.Answer, stem, lanes, answered is null ? "" : question.Dialled.ToString(), description);
    }

    /// <summary>One box for the rules of a chain that follow each other.</summary>
    private static IEnumerable<PictureBox> Chains(IReadOnlyList<WalkTraceEntry> trace, WalkTraceEntry? after)
    {
        PictureBox? box = null;
        foreach (PathStep step in PathStep.Of(trace, after))
        {
            WalkTraceEntry entry = step.Entry;
            bool isEntrance = entry.IsInBaseChain && entry.JumpsTo.Length != 0 && !step.IsPassage && !entry.IsDoubtful;
            if (isEntrance)
            {
                // The band names the hook already.
                continue;
            }

            string band = entry.Hook.ToString().ToUpperInvariant();
            string title = $"{entry.Table} {entry.Chain}";
            bool isRewrite = entry.IsRewrite || entry.Effect is "masquerades" || entry.Effect.StartsWith("rewrites the source", StringComparison.Ordinal);
            PictureBoxKind kind = entry.IsDoubtful ? PictureBoxKind.Doubt : isRewrite ? PictureBoxKind.Rewrite : PictureBoxKind.Chain;
            string line = step.IsPassage ? "nothing matches" : entry.IsPolicy ? "policy: drops" : $"{entry.Position}: {step.Effect}";
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

    private static PictureBox End(PacketQuestion question, ExplainedPath path)
    {
        switch (path.Verdict)
        {
            case WalkVerdict.Drop:
                return new(PictureBoxKind.End, "", "dropped", ["the client runs into its time-out"]);
            case WalkVerdict.Reject:
                return new(PictureBoxKind.End, "", "refused", [Refusal.Of(path.RejectWith, question.Family).Name]);
        }

        List<string> lines = [.. path.TargetDescription.Split(", ", StringSplitOptions.RemoveEmptyEntries)];
        lines.Add(path.IsMasqueraded ? $"sees {path.MasqueradeAddress?.ToString() ?? "an address of this node"}" : $"sees {question.Source}");
        return new(PictureBoxKind.Endpoint, "", path.Target is null ? question.Dialled.ToString() : path.TargetText, lines);
    }
}

/// <summary>A branch of the picture.</summary>
/// <param name="Label">How likely it is; empty for the only one.</param>
/// <param name="Boxes">Its boxes from top to bottom; the last is where it ends.</param>
/// <param name="HasReply">Whether a reply comes back from its end.</param>
internal sealed record PictureLane(string Label, IReadOnlyList<PictureBox> Boxes, bool HasReply);

/// <summary>A box of the picture.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Band">The hook that it belongs to; empty for what is outside of the node's hooks.</param>
/// <param name="Title">The first line.</param>
/// <param name="Lines">The lines below.</param>
internal sealed record PictureBox(PictureBoxKind Kind, string Band, string Title, IReadOnlyList<string> Lines);

/// <summary>What a box stands for.</summary>
internal enum PictureBoxKind : byte
{
    /// <summary>Where the packet comes from.</summary>
    Client,

    Chain,

    /// <summary>A chain that rewrites the packet.</summary>
    Rewrite,

    /// <summary>A chain with a rule that is not understood.</summary>
    Doubt,

    /// <summary>Where the packet arrives.</summary>
    Endpoint,

    /// <summary>Where it ends: dropped or refused.</summary>
    End,

    /// <summary>Branches that are not drawn.</summary>
    More,
}
