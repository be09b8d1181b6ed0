using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Writes a report as JSON.</summary>
internal static partial class CompareJson
{
    /// <summary>The most paths of one side of a difference.</summary>
    private const int MostPaths = 16;

    private static readonly CompareJsonContext s_context = new(ReportJson.Options());

    public static void Write(CompareReport report, Stream output) => ReportJson.Write(
        new Document(
            report.Verdict,
            report.TitleA,
            report.TitleB,
            report.ComparesAllRules,
            report.Different,
            report.Uncertain,
            report.NodeAddresses.Select(static address => address.ToString()),
            report.AssumesNodeAddress,
            report.Families.Select(Of)),
        s_context.Document,
        output);

    // A family that was not compared has no other fields.
    private static Family Of(FamilyComparison family) => family.NotCompared.Length != 0
        ? new($"{family.Family}", family.NotCompared, null, null, null, null, null, null, null)
        : new(
            $"{family.Family}",
            null,
            family.IsSameText ? true : null,
            family.Destinations,
            family.Undecided == 0 ? null : family.Undecided,
            family.Origins.Select(static origin => origin.ToString()),
            family.Ignored,
            family.Differences.Count,
            family.Differences.Take(CompareReport.ListLimit).Select(Of));

    private static Listed Of(DisplayedDifference shown) => new(
        PacketText.Destination(shown.Difference.PacketA),
        shown.Service,
        shown.Difference.IsUncertain,
        shown.Difference.Mode?.Name,
        shown.Difference.Classes,
        PacketText.Describe(shown.Difference),
        FieldsOf(shown.Difference),
        SideOf(shown.Difference.A, shown.PathsA),
        SideOf(shown.Difference.B, shown.PathsB));

    /// <summary>The packet field by field, as it can be given to explain.</summary>
    private static PacketFields FieldsOf(RulesetDifference difference)
    {
        WalkPacket packet = difference.PacketA;
        return new(
            IpAddress.FromBits(packet.Source.First).ToString(),
            packet.SourcePort,
            packet.Destination.ToString(),
            packet.DestinationPort,
            PacketText.Protocol(packet.Protocol),
            packet.InputInterface,
            packet.OutputInterface,
            packet.Mark,
            PacketText.Describe(packet.State),
            difference.KnownEndpoints,
            difference.Assumptions.Select(static assumed => new Assumption(assumed.Item1, assumed.Item2)));
    }

    private static Side SideOf(IReadOnlyList<ResultShare> shares, IReadOnlyList<WalkOutcome> paths) => new(
        shares.Select(static share => new Result($"{share.Result}", Math.Round(share.Share, 9))),
        paths.Take(MostPaths).Select(static path => new PathFields(Math.Round(path.Probability, 9), path.Trace.Select(PathDescriptions.Describe))));

    internal sealed record Document(
        string Verdict,
        string A,
        string B,
        bool ComparesAllRules,
        long Different,
        long Uncertain,
        IEnumerable<string> NodeAddresses,
        bool IsNodeAddressAssumed,
        IEnumerable<Family> Families);

    internal sealed record Family(
        [property: JsonPropertyName("family")] string Name,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NotCompared,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? SameText,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Destinations,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Undecided,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IEnumerable<string>? Origins,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, int>? Ignored,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Differences,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IEnumerable<Listed>? Listed);

    internal sealed record Listed(
        string Destination,
        string Service,
        bool Uncertain,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Documented,
        long Classes,
        string Packet,
        PacketFields Fields,
        Side A,
        Side B);

    internal sealed record PacketFields(
        string Source,
        int SourcePort,
        string Destination,
        int DestinationPort,
        string Protocol,
        string? InputInterface,
        string? OutputInterface,
        uint Mark,
        string State,
        IEnumerable<string> KnownTo,
        IEnumerable<Assumption> Assuming);

    internal sealed record Assumption(string Match, bool IsTrue);

    internal sealed record Side(IEnumerable<Result> Results, [property: JsonPropertyName("ways")] IEnumerable<PathFields> Paths);

    internal sealed record Result([property: JsonPropertyName("result")] string Text, double Share);

    internal sealed record PathFields(double Share, IEnumerable<string> Steps);

    [JsonSerializable(typeof(Document))]
    private sealed partial class CompareJsonContext : JsonSerializerContext;
}
