using System.Text.Json.Serialization;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Writes a report as JSON.</summary>
internal static partial class VerifyJson
{
    private static readonly VerifyJsonContext s_context = new(ReportJson.Options());

    public static void Write(VerifyReport report, Stream output) => ReportJson.Write(
        new Document(
            report.NodeName,
            report.Mode,
            report.Findings,
            report.Flows is { } flows ? new(flows.Seen, flows.OfServices, flows.Unreplied, ByReason(flows), flows.Stale.Select(Of), flows.Services.Select(Of)) : null,
            report.Rules is { } rules ? new(rules.Compared, rules.Missing, rules.Changed, rules.Foreign, rules.Differences.Select(Of)) : null),
        s_context.Document,
        output);

    public static string NameOf(FlowVerdict reason) => reason switch
    {
        FlowVerdict.EndpointGone => "endpoint-gone",
        FlowVerdict.NoEndpoints => "no-endpoints",
        FlowVerdict.ServiceGone => "service-gone",
        FlowVerdict.NotTranslated => "not-translated",
        _ => "none",
    };

    /// <summary>Numbers of stale flows by the names of their reasons.</summary>
    public static Dictionary<string, long> ByReason(FlowFindings flows) =>
        flows.StaleByReason.ToDictionary(static counted => NameOf(counted.Key), static counted => counted.Value, StringComparer.Ordinal);

    private static Stale Of(StaleFlow stale)
    {
        ConntrackTuple original = stale.Flow.Original;
        return new(
            NameOf(stale.Reason),
            ((TransportProtocol)original.Protocol).ToUpperText(),
            VerifyText.Address(original.Source, original.SourcePort),
            VerifyText.Address(original.Destination, original.DestinationPort),
            VerifyText.Address(stale.Flow.Reply.Source, stale.Flow.Reply.SourcePort),
            stale.Wanted,
            stale.Service,
            (long?)stale.Age?.TotalSeconds);
    }

    private static Service Of(ServiceFlows service) => new(
        service.Title, service.Flows, service.Unreplied, service.Verdict, service.Probability, service.Endpoints.Select(static endpoint => new Endpoint(
            endpoint.Endpoint.ToString(),
            endpoint.Flows,
            Math.Round(endpoint.Share, 6),
            endpoint.Expected is { } expected ? Math.Round(expected, 6) : null)));

    private static Difference Of(RuleDifference difference) =>
        new(difference.Kind, difference.Frontend.ToString(), difference.Service, difference.Expected, difference.Actual);

    internal sealed record Document(
        string Node,
        string Mode,
        long Findings,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] FlowReport? Flows,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RuleReport? Rules);

    internal sealed record FlowReport(
        long Seen,
        long OfServices,
        long Unreplied,
        IReadOnlyDictionary<string, long> StaleByReason,
        IEnumerable<Stale> Stale,
        IEnumerable<Service> Services);

    internal sealed record Stale(
        string Reason,
        string Protocol,
        string Source,
        string Destination,
        string GoesTo,
        string ShouldBe,
        string Service,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AgeSeconds);

    internal sealed record Service(
        [property: JsonPropertyName("service")] string Title,
        long Flows,
        long Unreplied,
        string Verdict,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Probability,
        IEnumerable<Endpoint> Endpoints);

    internal sealed record Endpoint(
        [property: JsonPropertyName("endpoint")] string Address,
        long Flows,
        double Share,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? ExpectedShare);

    internal sealed record RuleReport(long Compared, long Missing, long Changed, long Foreign, IEnumerable<Difference> Differences);

    internal sealed record Difference(string Kind, string Destination, string Service, string Expected, string Actual);

    [JsonSerializable(typeof(Document))]
    private sealed partial class VerifyJsonContext : JsonSerializerContext;
}
