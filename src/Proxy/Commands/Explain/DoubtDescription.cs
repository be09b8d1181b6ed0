using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What is not known, and what would decide it.</summary>
internal static class DoubtDescription
{
    /// <summary>The most rules that are named.</summary>
    private const int MostNamed = 2;

    /// <summary>The option that gives a fact; empty for none.</summary>
    public static string OptionOf(MissingFact fact) => fact switch
    {
        MissingFact.InputInterface => "--interface",
        MissingFact.OutputInterface => "--out-interface",
        MissingFact.SourcePort => "--source-port",
        MissingFact.IpSet => "--ipset",
        _ => "",
    };

    /// <summary>Of rules that may do anything.</summary>
    public static string OfOpen(IReadOnlyList<WalkTraceEntry> doubts)
    {
        WalkTraceEntry? open = doubts.FirstOrDefault(doubt => doubt.IsOpen);
        return open is null ? "a rule may do anything"
            : open.DependsOn.Length != 0 ? $"{Place(open)} hands it to {open.DependsOn} ({open.Rule})"
            : $"{Place(open)} is not understood and may do anything ({open.Rule})";
    }

    /// <summary>Of rules that may match; not understood is named first.</summary>
    public static string OfMatches(IReadOnlyList<WalkTraceEntry> doubts)
    {
        WalkTraceEntry[] unknown = [.. doubts.Where(doubt => doubt.DependsOn.Length == 0)];
        List<string> parts = [.. unknown.Take(MostNamed).Select(doubt => $"whether {Place(doubt)} matches, which is not understood ({doubt.Rule})")];
        if (unknown.Length > MostNamed)
        {
            parts.Add($"{unknown.Length - MostNamed} more rules that are not understood");
        }

        foreach (IGrouping<(string DependsOn, MissingFact Missing), WalkTraceEntry> group in doubts.Where(doubt => doubt.DependsOn.Length != 0).GroupBy(doubt => (doubt.DependsOn, doubt.Missing)))
        {
            string option = OptionOf(group.Key.Missing);
            string places = string.Join(", ", group.Take(MostNamed).Select(Place)) + (group.Count() > MostNamed ? $" and {group.Count() - MostNamed} more" : "");
            parts.Add(option.Length != 0 ? $"{group.Key.DependsOn}, which {option} gives ({places})" : $"{group.Key.DependsOn} ({places})");
        }

        return (unknown.Length != 0 ? "unknown, " : "") + "depends on " + (parts.Count == 0 ? "what is not known" : string.Join("; and on ", parts));
    }

    /// <summary>A rule, or the policy of a chain.</summary>
    public static string Place(WalkTraceEntry entry) => entry.IsPolicy ? $"{entry.Table} {entry.Chain} policy" : $"{entry.Table} {entry.Chain} rule {entry.Position}";
}
