using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.Proxy.Commands.Explain.Legs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes an explanation as JSON, in the form of docs/explain.schema.json. What is not known is null.</summary>
internal static partial class ExplainJson
{
    /// <summary>Increased when a field goes or changes its meaning; a field more leaves it.</summary>
    private const int SchemaVersion = 1;

    private static readonly ExplainJsonContext s_context = new(ReportJson.Options(JavaScriptEncoder.UnsafeRelaxedJsonEscaping));

    public static void Write(Explanation explanation, Stream output) => ReportJson.Write(Of(explanation), s_context.Document, output);

    /// <summary>Writes several legs: the answer of the first, with those of the later ones in <c>then</c>.</summary>
    public static void Write(LegChain chain, Stream output)
    {
        Document first = Of(chain.First);
        first.Summary = new(
            LegSummary.Headline(chain),
            chain.IsCertain,
            LegSummary.Sources(chain).Select(static source => source.Text),
            chain.Ends.Select(static end => new End(end.Leg, OutcomeOf(end.Outcome), end.Text, Rounded(end.Share))));
        first.Then = chain.Next.Select(static leg =>
        {
            Document next = Of(leg.Answer);
            next.Leg = new(leg.Number, leg.Starts, Rounded(leg.Share));
            return next;
        });
        ReportJson.Write(first, s_context.Document, output);
    }

    private static Document Of(Explanation explanation) =>
        new(SchemaVersion, Of(explanation.Question), Known(explanation.NodeName), !explanation.HasDisagreement, explanation.Walks.Select(Of));

    private static double? Rounded(double? share) => share is { } known ? Math.Min(1, Math.Round(known, 6)) : null;

    private static string OutcomeOf(LegOutcome outcome) => outcome switch
    {
        LegOutcome.Delivered => "delivered",
        LegOutcome.Dropped => "dropped",
        LegOutcome.Refused => "refused",
        LegOutcome.LeftAlone => "leftAlone",
        _ => "unknown",
    };

    private static Packet Of(PacketQuestion question) => new(
        question.Source.ToString(),
        question.IsSourcePortOpen ? null : question.SourcePort,
        Known(question.SourceDescription),
        question.Destination.ToString(),
        question.Port,
        question.ProtocolText,
        question.IsFromNode,
        question.Interface == WalkPacket.UnknownInterface ? null : question.Interface,
        question.Mark,
        question.Assumptions);

    private static Walk Of(ExplainedWalk walk) => new(
        walk.Title,
        walk.Answer,
        !walk.Has(ExplainFinding.Unknown),
        walk.HasModel,
        walk.Disagreements,
        walk.Reasons.Select(static reason => new Reason(reason.Text, Known(reason.Owner), Known(reason.Field))),
        walk.Paths.Select(Of));

    private static PathFields Of(ExplainedPath path) => new(
        path.IsUncertain ? null : Math.Round(path.Probability, 6),
        path.Verdict switch { WalkVerdict.Drop => "drop", WalkVerdict.Reject => "reject", _ => "accept" },
        !path.IsUncertain,
        path.Target is null ? null : path.IsToThisNode || path.TargetPorts is not null ? path.TargetText : path.Target.ToString(),
        Known(path.TargetDescription),
        path.IsMasqueraded,
        path.MasqueradeAddress?.ToString(),
        Known(path.MasqueradeDoubt),
        path.AffinitySeconds,
        Known(path.Conntrack),
        path.Reply,
        path.Trace.Select(Of),
        path.Journey.Count == 0 ? null : path.Journey.Select(Of));

    private static JourneyFields Of(JourneyStep step) => new(
        $"{step.Kind}".ToLowerInvariant(), Known(step.Node), step.Text, step.Interface, step.Gateway?.ToString(), Known(step.Tunnel), step.OuterSource?.ToString(), step.OuterDestination?.ToString());

    private static Step Of(WalkTraceEntry entry) => new(
        $"{entry.Hook}".ToUpperInvariant(),
        Known(entry.Table),
        entry.Chain,
        entry.Position == 0 ? null : entry.Position,
        entry.Rule,
        Known(entry.Comment),
        entry.Effect,
        Known(entry.JumpsTo),
        entry.IsDoubtful,
        entry.Reasons);

    private static string? Known(string text) => text.Length == 0 ? null : text;

    internal sealed record Document(int SchemaVersion, Packet Packet, string? Node, bool Agree, IEnumerable<Walk> Walks)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public LegFields? Leg { get; set; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public SummaryFields? Summary { get; set; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IEnumerable<Document>? Then { get; set; }
    }

    internal sealed record LegFields(int Number, IReadOnlyList<string> Starts, double? Share);

    internal sealed record SummaryFields(string Text, bool IsCertain, IEnumerable<string> Sources, IEnumerable<End> Ends);

    internal sealed record End(int Leg, string Outcome, string Text, double? Share);

    internal sealed record Packet(
        string Source,
        int? SourcePort,
        string? SourceIs,
        string Destination,
        int DestinationPort,
        string Protocol,
        bool IsFromNode,
        string? InputInterface,
        uint Mark,
        IReadOnlyList<string> Assumptions);

    internal sealed record Walk(
        string Rules,
        string Answer,
        bool IsCertain,
        bool IsComparedWithModel,
        IReadOnlyList<string> Disagreements,
        IEnumerable<Reason> Reasons,
        [property: JsonPropertyName("ways")] IEnumerable<PathFields> Paths);

    internal sealed record Reason(string Text, string? Object, string? Field);

    internal sealed record PathFields(
        double? Probability,
        string Verdict,
        bool IsCertain,
        string? Target,
        string? TargetIs,
        bool IsMasqueraded,
        string? MasqueradeAddress,
        string? MasqueradeDoubt,
        int AffinitySeconds,
        string? Conntrack,
        IReadOnlyList<string> Reply,
        IEnumerable<Step> Trace,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IEnumerable<JourneyFields>? Journey);

    internal sealed record JourneyFields(string Step, string? Node, string Text, string? Interface, string? Gateway, string? Tunnel, string? OuterSource, string? OuterDestination);

    internal sealed record Step(
        string Hook,
        string? Table,
        string Chain,
        int? Position,
        string Rule,
        string? Comment,
        string Effect,
        string? JumpsTo,
        bool MayMatch,
        IReadOnlyList<string> Because);

    [JsonSerializable(typeof(Document))]
    private sealed partial class ExplainJsonContext : JsonSerializerContext;
}
