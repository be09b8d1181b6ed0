using System.Globalization;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Writes a report as text.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
internal sealed class CompareText(TextWriter output, bool isTerminal)
{
    /// <summary>The most differences that are shown; JSON has more.</summary>
    private const int MostShown = 5;

    /// <summary>The most Services that are counted one by one.</summary>
    private const int MostServices = 10;

    /// <summary>The most results that are written out.</summary>
    private const int MostResults = 4;

    private const string Good = "32";
    private const string Bad = "31";
    private const string Open = "33";

    private readonly AnsiStyle _style = new(isTerminal);

    public void Write(CompareReport report)
    {
        output.WriteLine($"A: {report.TitleA}");
        output.WriteLine($"B: {report.TitleB}");
        string others = report.ComparesAllRules ? "all rules" : "kube-proxy's rules; those of others are left out";
        output.WriteLine($"compared: {others}; the node has {string.Join(", ", report.NodeAddresses)}{(report.AssumesNodeAddress ? " (assumed; --node-address gives its addresses)" : "")}");
        foreach (FamilyComparison family in report.Families)
        {
            Write(family);
        }

        output.WriteLine(report.Verdict switch
        {
            CompareReport.IsEqual => _style.Of(Good, "equal: both do the same with every packet" + (report.AssumesNodeAddress ? ", unless an address that rules name is the node's own (--node-address)" : "")),
            CompareReport.IsDifferent => _style.Of(Bad, Count("different", report)),
            _ when report.Uncertain == 0 => _style.Of(Open, Undecided(report)),
            _ => _style.Of(Open, Count("cannot tell", report)),
        });
        if (report.Undecided != 0 && report.Different + report.Uncertain != 0)
        {
            output.WriteLine(_style.Of(Open, Undecided(report)));
        }
    }

    private static string Count(string verdict, CompareReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{verdict}: {Destinations(report.Different)}{(report.Uncertain == 0 ? "" : $", and {report.Uncertain} may")}");

    private static string Undecided(CompareReport report)
    {
        int all = report.Families.Sum(static family => family.Destinations);
        int differing = report.Different + report.Uncertain;
        string decided = differing == 0 ? $"equal in {all - report.Undecided} of {all} destinations" : $"{all - report.Undecided} of {all} destinations were compared";
        string limit = report.Families.Any(static family => family.IsEndedEarly)
            ? string.Create(CultureInfo.InvariantCulture, $" {CompareOptions.TimeAfterDifference.TotalSeconds:0.###} s after the first difference (--timeout 0 goes on)")
            : report.Limit is { } time ? string.Create(CultureInfo.InvariantCulture, $" within {time.TotalSeconds:0.###} s (--timeout)") : "";
        return $"not decided{limit}: {decided}, the rest not decided";
    }

    private static string Destinations(int count) => count == 1 ? "1 destination differs" : string.Create(CultureInfo.InvariantCulture, $"{count} destinations differ");

    private void Write(FamilyComparison family)
    {
        if (family.NotCompared.Length != 0)
        {
            output.WriteLine(_style.Of(Open, $"{family.Family}: not compared, {family.NotCompared}"));
            return;
        }

        if (family.IsSameText)
        {
            output.WriteLine($"{family.Family}: both sides have the same text: no difference");
            return;
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{family.Family}: {(family.Undecided == 0 ? "" : $"{family.Destinations - family.Undecided} of ")}{family.Destinations} classes of destinations from {string.Join(", ", family.Origins)}: {(family.Differences.Count == 0 ? "no difference" : Destinations(family.Differences.Count))}"));
        foreach ((string name, int count) in family.Ignored)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ignored: {name}, {(count == 1 ? "1 destination" : $"{count} destinations")}"));
        }

        if (family.Differences.Count == 0)
        {
            return;
        }

        WriteServices(family);
        foreach (DisplayedDifference shown in family.Differences.OrderBy(static shown => (shown.Difference.IsUncertain, shown.Difference.Mode is not null)).Take(MostShown))
        {
            Write(shown);
        }

        if (family.Differences.Count > MostShown)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  and {family.Differences.Count - MostShown} more; -o json lists them"));
            output.WriteLine();
        }
    }

    private void WriteServices(FamilyComparison family)
    {
        IGrouping<string, DisplayedDifference>[] services = [.. family.Differences.GroupBy(static shown => shown.Service, StringComparer.Ordinal).OrderByDescending(static group => group.Count()).ThenBy(static group => group.Key, StringComparer.Ordinal)];
        foreach (IGrouping<string, DisplayedDifference> service in services.Take(MostServices))
        {
            string name = service.Key.Length == 0 ? "no Service" : service.Key;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: {service.Count()}"));
        }

        if (services.Length > MostServices)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  and {services.Length - MostServices} more Services"));
        }

        output.WriteLine();
    }

    private void Write(DisplayedDifference shown)
    {
        RulesetDifference difference = shown.Difference;
        string head = difference.IsUncertain ? _style.Of(Open, "may differ") : _style.Of(Bad, "differs");
        string service = shown.Service.Length == 0 ? "" : $" ({shown.Service})";
        output.WriteLine($"  {head}: a packet {PacketText.Describe(difference)}{service}");
        if (difference.Classes > 1)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    and {difference.Classes - 1} more kinds of packets to there"));
        }

        if (difference.IsSample)
        {
            output.WriteLine("    more kinds of packets to there may differ; not all were looked at");
        }

        if (difference.Mode is { } mode)
        {
            output.WriteLine($"    documented: {mode.Text} (--ignore {mode.Name})");
        }

        WriteSide("A", difference.A, difference.B, shown.PathsA);
        WriteSide("B", difference.B, difference.A, shown.PathsB);
        output.WriteLine();
    }

    private void WriteSide(string side, IReadOnlyList<ResultShare> own, IReadOnlyList<ResultShare> others, IReadOnlyList<WalkOutcome> paths)
    {
        List<ResultShare> most = [.. own.Where(share => !others.Contains(share)).Concat(own.Where(others.Contains)).Take(MostResults)];
        string more = own.Count > most.Count ? string.Create(CultureInfo.InvariantCulture, $"; and {own.Count - most.Count} more") : "";
        output.WriteLine($"    {side}: {PacketText.Describe(most)}{more}");
        WalkOutcome? path = paths.FirstOrDefault(path => PathDescriptions.IsOf(path, most[0].Result)) ?? (paths.Count == 0 ? null : paths[0]);
        if (path is null)
        {
            return;
        }

        if (path.Trace.Count == 0)
        {
            output.WriteLine("       no rule does anything with it");
        }

        foreach (WalkTraceEntry entry in path.Trace)
        {
            output.WriteLine($"       {PathDescriptions.Describe(entry)}");
        }
    }
}
