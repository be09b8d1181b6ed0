using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Writes what every node does with a packet as text: a line for each node, then why the outcomes differ.</summary>
internal static class NodeTableText
{
    private const int MostReasons = 12;

    public static void Write(NodeTable table, TextWriter output)
    {
        output.WriteLine($"{table.Question.From} -> {table.Question.To} on {table.Fates.Count} nodes, {table.Mode} rules");
        foreach (string assumption in table.Question.Assumptions)
        {
            output.WriteLine($"  ({assumption})");
        }

        output.WriteLine();
        TextTable lines = new("NODE", "ZONE", "OUTCOME", "ANSWER");
        IReadOnlyList<IReadOnlyList<NodeFate>> groups = table.Groups;
        Dictionary<NodeFate, string> names = new(ReferenceEqualityComparer.Instance);
        for (int group = 0; group < groups.Count; group++)
        {
            foreach (NodeFate fate in groups[group])
            {
                names.Add(fate, NodeTable.NameOf(group));
            }
        }

        foreach (NodeFate fate in table.Fates)
        {
            lines.Add(fate.Node, fate.Zone.Length == 0 ? "-" : fate.Zone, names[fate], fate.Walk.Answer);
        }

        lines.Write(output);
        output.WriteLine();
        if (groups.Count == 1)
        {
            output.WriteLine("The outcome is the same on all nodes.");
        }

        for (int group = 0; group < groups.Count; group++)
        {
            WriteGroup(table, groups, group, output);
        }

        WriteReasons(groups.Count == 1 ? "Why" : "On all nodes", table.CommonReasons, output);
    }

    private static void WriteGroup(NodeTable table, IReadOnlyList<IReadOnlyList<NodeFate>> groups, int group, TextWriter output)
    {
        IReadOnlyList<NodeFate> fates = groups[group];
        string[] targets = [.. fates[0].Walk.Paths.Where(static path => path.IsForwarded).Select(static path => path.TargetText).Distinct(StringComparer.Ordinal)];
        string where = targets.Length == 0 ? "" : $": {string.Join(", ", targets.Take(MostReasons))}{(targets.Length > MostReasons ? $" and {targets.Length - MostReasons} more" : "")}";
        WriteReasons($"{NodeTable.NameOf(group)}, {(fates.Count == 1 ? "1 node" : $"{fates.Count} nodes")}{where}", [.. table.ReasonsOf(fates)], output, isAlways: groups.Count != 1);
    }

    private static void WriteReasons(string title, IReadOnlyList<ModelReason> reasons, TextWriter output, bool isAlways = false)
    {
        if (reasons.Count == 0 && !isAlways)
        {
            return;
        }

        output.WriteLine(title);
        foreach (ModelReason reason in reasons.Take(MostReasons))
        {
            output.WriteLine($"  - {reason.Text} [{(reason.Field.Length == 0 ? reason.Owner : $"{reason.Field} of {reason.Owner}")}]");
        }

        if (reasons.Count > MostReasons)
        {
            output.WriteLine($"  - and {reasons.Count - MostReasons} more");
        }
    }
}
