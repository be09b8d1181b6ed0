using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Verify;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>Writes a plan as JSON.</summary>
internal static partial class PlanJson
{
    private static readonly PlanJsonContext s_context = new(ReportJson.Options(JavaScriptEncoder.UnsafeRelaxedJsonEscaping));

    public static void Write(PlanReport report, Stream output) => ReportJson.Write(
        new Document(
            report.NodeName,
            report.Mode,
            report.TakenOverMode,
            report.HasChanges,
            report.Refusal,
            report.Compared,
            report.LeadToEndpoints,
            report.LoseEndpoints,
            report.Changes.Select(Of),
            report.Touches.ToDictionary(static touched => $"{touched.Key}".ToLowerInvariant(), static touched => touched.Value, StringComparer.Ordinal),
            report.Flows is { } flows ? new(flows.Seen, flows.OfServices, VerifyJson.ByReason(flows)) : null),
        s_context.Document,
        output);

    private static Change Of(ServiceChange change) => new(
        change.Service, $"{change.Kind}".ToLowerInvariant(), change.Frontends.Select(static frontend => frontend.ToString()), change.Descriptions);

    internal sealed record Document(
        string Node,
        string Mode,
        string TakenOverMode,
        bool HasChanges,
        string Refusal,
        int Destinations,
        int LeadToEndpoints,
        int LoseEndpoints,
        IEnumerable<Change> Changes,
        IReadOnlyDictionary<string, RuleReferences> Touched,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AffectedFlows? Flows);

    internal sealed record Change(string Service, string Kind, IEnumerable<string> Destinations, IReadOnlyList<string> What);

    internal sealed record AffectedFlows(long Seen, long OfServices, IReadOnlyDictionary<string, long> Affected);

    [JsonSerializable(typeof(Document))]
    private sealed partial class PlanJsonContext : JsonSerializerContext;
}
