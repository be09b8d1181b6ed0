using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// A drawing of the path: the client on top, the chains below each other, a lane for each branch, endpoints
/// at the bottom, and the reply. Many endpoints are a table, and those that are reached alike share a lane.
/// </summary>
/// <param name="Title">What is shown.</param>
/// <param name="Subtitle">The answer.</param>
/// <param name="Stem">The boxes before the branches, the client first.</param>
/// <param name="Lanes">The branches; one when there are none.</param>
/// <param name="Reply">What happens to replies; empty if none comes.</param>
/// <param name="Endpoints">The endpoints that are not drawn one by one; no rows if all are.</param>
/// <param name="LeftOut">What is not drawn, one remark each.</param>
internal sealed record Picture(
    string Title,
    string Subtitle,
    IReadOnlyList<PictureBox> Stem,
    IReadOnlyList<PictureLane> Lanes,
    string Reply,
    EndpointTable Endpoints,
    IReadOnlyList<string> LeftOut)
{
    private const int MostLanes = 4;

    /// <summary>The most reasons that a box names for which packets do not arrive.</summary>
    private const int MostStops = 4;

    public static Picture Of(Explanation explanation, ExplainedWalk walk, bool showsAll)
    {
        PacketQuestion question = explanation.Question;
        IReadOnlyList<ExplainedPath> paths = walk.Paths;
        CommonPath common = CommonPath.Of(paths);
        List<PictureBox> stem = [new(PictureBoxKind.Client, "", question.SourceDescription.Length == 0 ? "client" : question.SourceDescription, [new(question.Source.ToString()), new($"dials {question.To}"), .. ArrivalOf(paths)])];
        stem.AddRange(Chains(common.First, paths.Count == 0 ? null : paths[0].Trace.ElementAtOrDefault(common.First.Count)));

        EndpointTable endpoints = EndpointTable.Of(question, walk, showsAll);
        List<PictureLane> lanes = LanesOf(question, paths, common, areGrouped: endpoints.Rows.Count != 0);
        List<string> leftOut = [];
        if (lanes.Count > MostLanes && !showsAll)
        {
            int gone = lanes.Count - (MostLanes - 1);
            lanes = [.. lanes.Take(MostLanes - 1), new("", [new(PictureBoxKind.More, "", $"{gone} more branches", [new("not drawn; -v draws them")])], HasReply: false) { IsUncertain = lanes[^1].IsUncertain }];
        }

        int entrances = paths.SelectMany(static path => path.Trace).Where(IsEntrance).DistinctBy(static entry => (entry.Hook, entry.Table, entry.Chain, entry.Position)).Count();
        if (entrances != 0)
        {
            leftOut.Add(entrances == 1 ? "1 rule that only leads from a hook to a chain" : $"{entrances} rules that only lead from a hook to a chain");
        }

        return new($"{explanation.Title}, {walk.Title}", walk.Answer, stem, lanes, ReplyOf(question, paths), endpoints, leftOut);
    }

    private static string ReplyOf(PacketQuestion question, IReadOnlyList<ExplainedPath> paths)
    {
        if (!paths.Any(HasReply))
        {
            return "";
        }

        bool isRewritten = paths.Any(static path => HasReply(path) && (path.IsMasqueraded || path.Target is not null));
        return $"the reply comes from {question.Dialled} for the client: {(isRewritten ? "conntrack undoes the rewriting" : "it comes back as it is")}";
    }

    private static bool HasReply(ExplainedPath path) => path.Verdict == WalkVerdict.Accept && JourneyBoxes.StopOf(path) is null;

    private static IEnumerable<PictureLine> ArrivalOf(IReadOnlyList<ExplainedPath> paths) =>
        JourneyBoxes.ArrivalOf(paths) is { Interface: { } name } arrival ? [new($"reaches {ClusterNetworks.Called(arrival.Node)} by {name}")] : [];

    private static List<PictureLane> LanesOf(PacketQuestion question, IReadOnlyList<ExplainedPath> paths, CommonPath common, bool areGrouped)
    {
        (ExplainedPath Path, PictureLane Lane)[] all =
        [
            .. paths.Select(path => (path, new PictureLane(
                paths.Count == 1 ? "" : AnswerDescription.Share(path),
                [.. Chains([.. path.Trace.Skip(common.First.Count)], null), .. JourneyBoxes.ToEndpoint(path), End(question, path), .. JourneyBoxes.OfAnswer(path)],
                HasReply(path)) { IsUncertain = path.IsUncertain || path.IsOpen })),
        ];
        if (!areGrouped)
        {
            return [.. all.Select(static entry => entry.Lane)];
        }

        List<PictureLane> lanes = [];
        foreach (IGrouping<string, (ExplainedPath Path, PictureLane Lane)> group in all.GroupBy(static entry => entry.Lane.Form, StringComparer.Ordinal))
        {
            ExplainedPath[] members = [.. group.Select(static entry => entry.Path)];
            if (members.Length == 1)
            {
                lanes.Add(group.First().Lane);
                continue;
            }

            string together = members.Length == paths.Count ? "" : AnswerDescription.Share(members);
            lanes.Add(PictureLane.Merge(together, [.. group.Select(static entry => entry.Lane)], End(question, members)));
        }

        return lanes;
    }

    /// <summary>A rule of a hook's chain that only leads to another chain: the band names the hook already.</summary>
    private static bool IsEntrance(WalkTraceEntry entry) => entry.IsInBaseChain && entry.JumpsTo.Length != 0 && !entry.IsDoubtful;

    /// <summary>One box for the rules of a chain that follow each other.</summary>
    private static IEnumerable<PictureBox> Chains(IReadOnlyList<WalkTraceEntry> trace, WalkTraceEntry? after)
    {
        PictureBox? box = null;
        foreach (PathStep step in PathStep.Of(trace, after))
        {
            WalkTraceEntry entry = step.Entry;
            if (IsEntrance(entry) && !step.IsPassage)
            {
                continue;
            }

            string band = entry.Hook.ToString().ToUpperInvariant();
            string title = $"{entry.Table} {entry.Chain}";
            bool isRewrite = entry.IsRewrite || entry.Effect is "masquerades" || entry.Effect.StartsWith("rewrites the source", StringComparison.Ordinal);
            PictureBoxKind kind = entry.IsDoubtful ? PictureBoxKind.Doubt : isRewrite ? PictureBoxKind.Rewrite : PictureBoxKind.Chain;
            if (box is not null && box.Band == band && box.Title == title)
            {
                box = box with { Kind = box.Kind == PictureBoxKind.Doubt || kind == PictureBoxKind.Chain ? box.Kind : kind, Lines = [.. box.Lines, .. Lines(step)] };
                continue;
            }

            if (box is not null)
            {
                yield return box;
            }

            box = new(kind, band, title, [.. Lines(step)]);
        }

        if (box is not null)
        {
            yield return box;
        }
    }

    private static IEnumerable<PictureLine> Lines(PathStep step)
    {
        WalkTraceEntry entry = step.Entry;
        if (step.IsPassage)
        {
            yield return new(step.PassedThrough.Count == 1 ? $"{step.PassedThrough[0]}: nothing matches" : $"{step.PassedThrough.Count} chains, where nothing matches");
            yield break;
        }

        yield return entry.IsPolicy ? new("policy: drops") : new(step.Effect, entry.Position);
        if (!entry.IsDoubtful)
        {
            yield break;
        }

        // What is not certain has the rule at hand, and what would decide it.
        yield return new(entry.Rule, IsRule: true);
        if (entry.DependsOn.Length != 0)
        {
            string option = DoubtDescription.OptionOf(entry.Missing);
            yield return new($"depends on {entry.DependsOn}{(option.Length == 0 ? "" : $", which {option} gives")}");
        }
    }

    private static PictureBox End(PacketQuestion question, ExplainedPath path)
    {
        if (JourneyBoxes.StopOf(path) is { } stop)
        {
            string title = stop.Kind == JourneyStepKind.Fault ? "likely not delivered" : "not delivered";
            return new(PictureBoxKind.End, "", path.TargetText.Length == 0 ? title : $"{title} to {path.TargetText}", [new(stop.Text)]);
        }

        switch (path.Verdict)
        {
            case WalkVerdict.Drop:
                return new(PictureBoxKind.End, "", "dropped", [new("the client runs into its time-out")]);
            case WalkVerdict.Reject:
                return new(PictureBoxKind.End, "", "refused", [new(Refusal.Of(path.RejectWith, question.Family).Name)]);
        }

        string[] lines = path.TargetDescription.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        return new(PictureBoxKind.Endpoint, "", path.Target is null ? question.Dialled.ToString() : path.TargetText, [.. lines.Select(static line => new PictureLine(line)), new($"sees {EndpointTable.Sees(question, path)}")]);
    }

    /// <summary>Where branches of the same form end.</summary>
    private static PictureBox End(PacketQuestion question, ExplainedPath[] paths)
    {
        JourneyStep[] stops = [.. paths.Select(JourneyBoxes.StopOf).OfType<JourneyStep>().DistinctBy(static stop => stop.Text, StringComparer.Ordinal)];
        if (stops.Length != 0)
        {
            string likely = Array.Exists(stops, static stop => stop.Kind == JourneyStepKind.Fault) ? "likely " : "";
            PictureLine[] more = stops.Length > MostStops ? [new($"and {stops.Length - MostStops} more")] : [];
            return new(PictureBoxKind.End, "", $"{likely}delivered to none of {paths.Length} endpoints", [.. stops.Take(MostStops).Select(static stop => new PictureLine(stop.Text)), .. more]);
        }

        string[] sources = [.. paths.Select(path => EndpointTable.Sees(question, path)).Distinct(StringComparer.Ordinal)];
        List<PictureLine> lines = [new(AnswerDescription.Shares(paths))];
        lines.AddRange(paths[0].TargetDescription.Split(", ", StringSplitOptions.RemoveEmptyEntries).Where(part => Array.TrueForAll(paths, path => path.TargetDescription.Split(", ").Contains(part))).Select(static part => new PictureLine(part)));
        lines.Add(new(sources.Length == 1 ? $"sees {sources[0]}" : "sees what the table says"));
        return new(PictureBoxKind.Endpoint, "", $"one of {paths.Length} endpoints", lines);
    }
}
