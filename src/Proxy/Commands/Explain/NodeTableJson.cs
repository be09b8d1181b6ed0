using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes what every node does with a packet as JSON. Fields may be added; those that are there stay.</summary>
internal static partial class NodeTableJson
{
    private const int SchemaVersion = 1;

    private static readonly NodeTableJsonContext s_context = new(ReportJson.Options(JavaScriptEncoder.UnsafeRelaxedJsonEscaping));

    public static void Write(NodeTable table, Stream output)
    {
        List<Node> nodes = [];
        for (int group = 0; group < table.Groups.Count; group++)
        {
            foreach (NodeFate fate in table.Groups[group])
            {
                nodes.Add(Of(fate, NodeTable.NameOf(group)));
            }
        }

        ReportJson.Write(
            new Document(
                SchemaVersion,
                table.Question.From,
                table.Question.To,
                table.Mode,
                table.Groups.Count != 1,
                table.Question.Assumptions,
                [.. table.CommonReasons.Select(Of)],
                [.. nodes.OrderBy(static node => node.Name, StringComparer.Ordinal)],
                [.. table.Groups.Select((group, index) => new Outcome(NodeTable.NameOf(index), group.Count, [.. table.ReasonsOf(group).Select(Of)]))]),
            s_context.Document,
            output);
    }

    private static Node Of(NodeFate fate, string outcome) => new(
        fate.Node,
        fate.Zone.Length == 0 ? null : fate.Zone,
        outcome,
        fate.Walk.Answer,
        [.. fate.Walk.Paths.Select(static path => new PathFields(
            path.IsUncertain ? null : Math.Round(path.Probability, 6),
            path.Verdict switch { WalkVerdict.Drop => "drop", WalkVerdict.Reject => "reject", _ => "accept" },
            path.TargetText.Length == 0 ? null : path.TargetText,
            path.IsMasqueraded))],
        [.. fate.Walk.Reasons.Select(Of)]);

    private static Reason Of(ModelReason reason) => new(reason.Text, reason.Owner.Length == 0 ? null : reason.Owner, reason.Field.Length == 0 ? null : reason.Field);

    internal sealed record Document(
        int SchemaVersion,
        string From,
        string To,
        string Mode,
        bool Differs,
        IReadOnlyList<string> Assumptions,
        IReadOnlyList<Reason> CommonReasons,
        IReadOnlyList<Node> Nodes,
        IReadOnlyList<Outcome> Outcomes);

    internal sealed record Node(string Name, string? Zone, string Outcome, string Answer, IReadOnlyList<PathFields> Paths, IReadOnlyList<Reason> Reasons);

    internal sealed record Outcome(string Name, int Nodes, IReadOnlyList<Reason> Reasons);

    internal sealed record PathFields(double? Probability, string Verdict, string? Target, bool IsMasqueraded);

    internal sealed record Reason(string Text, string? Object, string? Field);

    [JsonSerializable(typeof(Document))]
    private sealed partial class NodeTableJsonContext : JsonSerializerContext;
}
