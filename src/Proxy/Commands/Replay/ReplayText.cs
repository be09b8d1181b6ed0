using System.Globalization;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>Writes the report of a replay as text.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
internal sealed class ReplayText(TextWriter output, bool isTerminal)
{
    private readonly AnsiStyle _style = new(isTerminal);

    /// <summary>Writes the report.</summary>
    public void Write(ReplayReport report)
    {
        RecordedStart start = report.Start;
        output.WriteLine(Invariant($"Recording of {start.Program}, mode {start.Mode}, node {start.Settings.NodeName}, from {start.Time:yyyy-MM-dd HH:mm:ss} UTC"));
        output.WriteLine();
        TextTable table = new([">SYNC", "TIME", ">SERVICES", ">SLICES", ">OTHER", .. start.Families.AsSpan().ToArray().Select(static family => $"{family}"), "RESULT"]);
        foreach (ReplayedSync sync in report.Syncs)
        {
            table.Add([
                Invariant($"{sync.Number}"),
                Invariant($"{sync.Time:HH:mm:ss.fff}"),
                CountsOf(sync.Services),
                CountsOf(sync.EndpointSlices),
                CountsOf(sync.Others),
                .. sync.Families.Select(RulesOf),
                Describe(sync),
            ]);
        }

        table.Write(output);
        output.WriteLine();
        foreach (ReplayedSync sync in report.Syncs.Where(static sync => !sync.IsSound))
        {
            WriteDifferences(sync);
        }

        WriteSummary(report);
    }

    /// <summary>The result of a sync in a few words.</summary>
    public static string Describe(ReplayedSync sync)
    {
        List<string> words = [];
        foreach (ReplayedFamily family in sync.Families)
        {
            IpFamily name = family.Digest.Family;
            words.AddRange(family.Compared == DigestResult.Differs ? [$"{name} RULES DIFFER"] : []);
            words.AddRange(family.Update.Difference.Length != 0 ? [$"{name} UPDATE IS WRONG"] : []);
            words.AddRange(family.IsModelSame ? [] : [$"{name} MODEL IS WRONG"]);
        }

        return words.Count != 0 ? string.Join(", ", words)
            : sync.Families.Any(static family => family.Compared == DigestResult.NotRecorded) ? "no digest recorded"
            : "equal";
    }

    private void WriteDifferences(ReplayedSync sync)
    {
        foreach (ReplayedFamily family in sync.Families)
        {
            string where = Invariant($"sync {sync.Number}, {family.Digest.Family}");
            if (family.Compared == DigestResult.Differs)
            {
                output.WriteLine(_style.Of("31", Invariant($"{where}: the rules have another digest than the recording; --at {sync.Number} prints them")));
            }

            if (family.Update.Difference.Length != 0)
            {
                output.WriteLine(_style.Of("31", $"{where}: {family.Update.Difference}"));
            }

            if (!family.IsModelSame)
            {
                output.WriteLine(_style.Of("31", $"{where}: the model that was kept up to date differs from one that is built from the same objects at once"));
            }
        }
    }

    private void WriteSummary(ReplayReport report)
    {
        int differing = report.Syncs.Count(static sync => !sync.IsSound);
        int compared = report.Syncs.Count(static sync => sync.Families.All(static family => family.Compared != DigestResult.NotRecorded));
        int updates = report.Syncs.Sum(static sync => sync.Families.Count(static family => family.Update.Kind == UpdateKind.Update));
        output.WriteLine(_style.Of(
            differing == 0 ? "32" : "31",
            Invariant($"{report.Syncs.Count} sync{(report.Syncs.Count == 1 ? "" : "s")}, {compared} with digests, {updates} update{(updates == 1 ? "" : "s")}: {(differing == 0 ? "the same rules" : Invariant($"{differing} sync{(differing == 1 ? " DIFFERS" : "s DIFFER")}"))}")));
        if (report.End is { } end)
        {
            output.WriteLine($"The recording ends because {end}.");
        }
    }

    private static string CountsOf(ObjectCounts counts) => (counts.Set, counts.Gone) switch
    {
        (0, 0) => "-",
        (_, 0) => Invariant($"+{counts.Set}"),
        (0, _) => Invariant($"-{counts.Gone}"),
        _ => Invariant($"+{counts.Set} -{counts.Gone}"),
    };

    private static string RulesOf(ReplayedFamily family) => family.Update.Kind switch
    {
        UpdateKind.None => "unchanged",
        UpdateKind.Update => Invariant($"update of {family.ChangedPorts} ports"),
        _ => Invariant($"full, {family.Digest.Lines} lines"),
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
