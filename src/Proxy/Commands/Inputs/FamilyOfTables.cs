using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>
/// Assigns the tables of a file to families: by what an option or a remark says, else by the addresses in their rules. The
/// tables that one run of a tool printed are of one family.
/// </summary>
internal static class FamilyOfTables
{
    /// <summary>Assigns them.</summary>
    /// <param name="name">The file, for messages.</param>
    /// <param name="tables">The tables in the order of the file.</param>
    /// <param name="notes">Receives what was concluded.</param>
    /// <returns>The family of each; null where nothing shows it, and for a table that does nothing.</returns>
    /// <exception cref="InputException">A rule has an address of the other family.</exception>
    public static IpFamily?[] Assign(string name, IReadOnlyList<SaveSection> tables, ICollection<string> notes)
    {
        IpFamily?[] families = new IpFamily?[tables.Count];
        List<Run> runs = RunsOf(tables);
        foreach (Run run in runs)
        {
            foreach (SaveSection table in tables.Skip(run.First).Take(run.Count))
            {
                if (run.Family is { } own && table.Found is { } found && found != own)
                {
                    throw new InputException($"{name}: line {table.FoundLine}: an {found} rule in table {table.Table}, which is said to be of {own}");
                }
            }
        }

        foreach (Run run in runs.Where(static run => run.Family is null))
        {
            run.Family = OtherFamily(run, runs, tables);
            if (run.Family is { } concluded)
            {
                notes.Add($"{name}: nothing in the rules from line {tables[run.First].Line} on shows their family; taken for {concluded}, since the same tables of the other family are in the file too");
            }
        }

        foreach (Run run in runs)
        {
            families.AsSpan(run.First, run.Count).Fill(run.Family);
        }

        return families;
    }

    /// <summary>What one run of a tool printed: it has each table once.</summary>
    private static List<Run> RunsOf(IReadOnlyList<SaveSection> tables)
    {
        List<Run> runs = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int index = 0; index < tables.Count; index++)
        {
            SaveSection table = tables[index];
            Run? last = runs.Count == 0 ? null : runs[^1];
            if (last is null || IsOther(table, last) || !names.Add(table.Table))
            {
                names.Clear();
                names.Add(table.Table);
                runs.Add(last = new() { First = index, Family = table.Stated, IsStated = table.Stated is not null });
            }

            last.Count++;
            last.Family ??= table.Found;
        }

        return runs;
    }

    /// <summary>Whether a table is surely not of the run before it.</summary>
    private static bool IsOther(in SaveSection table, Run last) => table.Stated is { } stated
        ? !last.IsStated || last.Family != stated
        : last.IsStated || (table.Found is { } found && last.Family is { } own && found != own);

    private static IpFamily? OtherFamily(Run run, List<Run> runs, IReadOnlyList<SaveSection> tables)
    {
        HashSet<string> own = [.. tables.Skip(run.First).Take(run.Count).Select(static table => table.Table)];
        IpFamily?[] families = [.. runs.Where(other => other.Family is not null && tables.Skip(other.First).Take(other.Count).Any(table => own.Contains(table.Table))).Select(static other => other.Family).Distinct()];
        return runs.Count == 2 && families is [{ } one] ? one == IpFamily.IPv4 ? IpFamily.IPv6 : IpFamily.IPv4 : null;
    }

    private sealed class Run
    {
        public required int First { get; init; }

        public int Count { get; set; }

        public IpFamily? Family { get; set; }

        public bool IsStated { get; init; }
    }
}
