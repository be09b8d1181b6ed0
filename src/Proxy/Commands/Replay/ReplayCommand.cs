using System.Globalization;
using KubeProxySharp.Proxy.Agent.Recording;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary><c>replay</c>: makes the rules again from a recording of an agent. It changes nothing.</summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="time">The clock, for progress.</param>
internal sealed class ReplayCommand(CommandStreams streams, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(ReplayOptions options) =>
        ReportRun.RunAsync(streams, time, progress => Task.FromResult<ReplayReport?>(Replay(options, progress)), report => Write(report, options));

    private ReplayReport Replay(ReplayOptions options, Progress progress)
    {
        using Stream stream = options.Path == "-" ? streams.OpenInput() : File.OpenRead(options.Path);
        try
        {
            ReplayReport report = Replay(stream, options.Until, progress);
            return options.Until is not { } last || report.Syncs.Any(sync => sync.Number == last)
                ? report
                : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{NameOf(options.Path)} has no sync {last}; the last one is {(report.Syncs is [.., { } known] ? known.Number : 0)}"));
        }
        catch (RecordingException e)
        {
            throw new InputException($"{NameOf(options.Path)}: {e.Message}");
        }
    }

    private static ReplayReport Replay(Stream stream, int? until, Progress progress)
    {
        List<string> warnings = [];
        List<ReplayedSync> syncs = [];
        RecordedStart? start = null;
        Replayer? replayer = null;
        string? end = null;
        foreach (RecordedEntry entry in RecordingReader.Read(stream, warnings.Add))
        {
            if (entry is RecordedStart first)
            {
                (start, replayer) = (first, new(first));
            }
            else if (entry is RecordedEnd last)
            {
                end = last.Reason;
            }

            if (replayer!.Follow(entry) is { } sync) // the first entry is the start
            {
                syncs.Add(sync);
                progress.Step(string.Create(CultureInfo.InvariantCulture, $"replaying sync {sync.Number}"));
                if (sync.Number == until)
                {
                    break;
                }
            }
        }

        return new(start!, syncs, end, warnings, replayer!.LastChange); // an empty recording is an error of the reader
    }

    private int Write(ReplayReport report, ReplayOptions options)
    {
        foreach (string warning in report.Warnings)
        {
            streams.Errors.WriteLine($"warning: {NameOf(options.Path)}: {warning}");
        }

        if (options.Shown != ReplayedText.None)
        {
            WriteRules(report, options.Shown);
        }
        else if (options.IsJson)
        {
            using Stream output = streams.OpenOutput();
            ReplayJson.Write(report, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => new ReplayText(text, streams.IsOutputOnTerminal).Write(report));
        }

        return report.IsSound ? ExitCode.Success : ExitCode.Findings;
    }

    private void WriteRules(ReplayReport report, ReplayedText shown) => ReportRun.WriteText(streams, text =>
    {
        foreach (IpFamily family in report.Start.Families)
        {
            FamilyChange change = report.LastChange![family]; // there is a sync, or the number was refused
            UpdateKind kind = report.Syncs[^1].Families.First(replayed => replayed.Digest.Family == family).Update.Kind;
            text.WriteLine($"# {family}");
            text.Write((shown, kind) switch
            {
                (ReplayedText.AllRules, _) or (_, UpdateKind.Full) => UpdateCheck.FullText(change.After, report.Start.Mode),
                (_, UpdateKind.Update) => UpdateCheck.UpdateText(change, report.Start.Mode),
                _ => "",
            });
        }

        foreach (ReplayedSync sync in report.Syncs.Where(static sync => !sync.IsSound))
        {
            streams.Errors.WriteLine(string.Create(CultureInfo.InvariantCulture, $"warning: sync {sync.Number} differs: {ReplayText.Describe(sync)}"));
        }
    });

    private static string NameOf(string path) => path == "-" ? "stdin" : path;
}

/// <summary>What came of a replay.</summary>
/// <param name="Start">The first entry.</param>
/// <param name="Syncs">The syncs.</param>
/// <param name="End">Why the recording ends; null if it does not say, or was not read to its end.</param>
/// <param name="Warnings">What is wrong with the recording as a whole.</param>
/// <param name="LastChange">The change of the last sync; null if there is none.</param>
internal sealed record ReplayReport(RecordedStart Start, IReadOnlyList<ReplayedSync> Syncs, string? End, IReadOnlyList<string> Warnings, RuleModelChange? LastChange)
{
    /// <summary>Whether nothing differs.</summary>
    public bool IsSound => Syncs.All(static sync => sync.IsSound);
}
