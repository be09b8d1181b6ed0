using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Output;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>The report of a replay as JSON; docs/replay.md has the fields.</summary>
internal static partial class ReplayJson
{
    private static readonly ReplayContext s_context = new(ReportJson.Options());

    /// <summary>Writes the report.</summary>
    public static void Write(ReplayReport report, Stream output) => ReportJson.Write(Of(report), s_context.ReplayDto, output);

    private static ReplayDto Of(ReplayReport report) => new(
        1,
        report.Start.Program,
        report.Start.Mode,
        report.Start.Settings.NodeName,
        report.Start.Time,
        report.IsSound,
        report.End,
        report.Warnings,
        [.. report.Syncs.Select(Of)]);

    private static SyncDto Of(ReplayedSync sync) => new(
        sync.Number, sync.Time, sync.IsSound, Of(sync.Services), Of(sync.EndpointSlices), Of(sync.Others), [.. sync.Families.Select(Of)]);

    private static CountsDto Of(ObjectCounts counts) => new(counts.Set, counts.Gone);

    private static FamilyDto Of(ReplayedFamily family) => new(
        $"{family.Digest.Family}",
        family.Digest.Lines,
        family.Digest.Sha256,
        family.Compared switch { DigestResult.Equal => "equal", DigestResult.Differs => "differs", _ => "notRecorded" },
        family.ChangedPorts,
        family.Update.Kind switch { UpdateKind.Full => "full", UpdateKind.Update => "update", _ => "none" },
        family.Update.Difference.Length == 0 ? null : family.Update.Difference,
        family.IsModelSame);

    private sealed record ReplayDto(
        int SchemaVersion, string Program, string Mode, string Node, DateTimeOffset Time, bool Sound, string? End, IReadOnlyList<string> Warnings, IReadOnlyList<SyncDto> Syncs);

    private sealed record SyncDto(
        int Number, DateTimeOffset Time, bool Sound, CountsDto Services, CountsDto EndpointSlices, CountsDto Others, IReadOnlyList<FamilyDto> Families);

    private sealed record CountsDto(int Set, int Gone);

    private sealed record FamilyDto(
        string Family, long Lines, string Sha256, string Digest, int ChangedPorts, string Written, string? UpdateDifference, bool ModelSound);

    [JsonSerializable(typeof(ReplayDto))]
    private sealed partial class ReplayContext : JsonSerializerContext;
}
