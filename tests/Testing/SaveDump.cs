using System.Text.RegularExpressions;

namespace KubeProxySharp.Testing;

/// <summary>
/// The text of iptables-save taken apart, with the comparison rules of the recordings (tools/compare_iptables.py): order
/// counts in every chain but the four that kube-proxy fills in random order.
/// </summary>
public sealed partial class SaveDump
{
    private static readonly string[] s_unordered = ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-FIREWALL"];

    private readonly SortedDictionary<string, SortedDictionary<string, Chain>> _tables = new(StringComparer.Ordinal);

    public static SaveDump Parse(string text)
    {
        SaveDump dump = new();
        SortedDictionary<string, Chain>? table = null;
        foreach (string line in text.Split('\n'))
        {
            if (line.Trim().Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith('*'))
            {
                table = new(StringComparer.Ordinal);
                dump._tables.Add(line[1..].Trim(), table);
            }
            else if (line.Trim() == "COMMIT")
            {
                table = null;
            }
            else if (table is null)
            {
                throw new FormatException("outside a table: " + line);
            }
            else if (line.StartsWith(':'))
            {
                string[] fields = line[1..].Split(' ');
                if (!table.TryAdd(fields[0], new Chain(fields[1], [])))
                {
                    throw new FormatException("chain listed twice: " + line);
                }
            }
            else
            {
                string[] tokens = [.. Tokens().Matches(line).Select(match => match.Value)];
                Chain chain = table.GetValueOrDefault(tokens[1]) ?? throw new FormatException("chain not declared: " + line);
                chain.Rules.Add(tokens);
            }
        }

        return dump;
    }

    /// <summary>The dump as lines that are equal exactly if the rule sets are.</summary>
    public IReadOnlyList<string> CanonicalLines()
    {
        List<string> lines = [];
        foreach ((string table, SortedDictionary<string, Chain> chains) in _tables)
        {
            lines.Add("*" + table);
            lines.AddRange(chains.Select(chain => $":{chain.Key} {chain.Value.Policy}"));
            foreach ((string name, Chain chain) in chains)
            {
                lines.AddRange(Canonical(table, name, chain.Rules).Select(rule => $"*{table} {rule}"));
            }
        }

        return lines;
    }

    private static IEnumerable<string> Canonical(string table, string chain, List<string[]> rules)
    {
        if (!s_unordered.Contains(chain))
        {
            return rules.Select(Join);
        }

        if (chain == "KUBE-NODEPORTS" && table == "nat")
        {
            // Stable inside one protocol and port: the counting rule before the plain one.
            return rules.OrderBy(rule => Value(rule, "-p"), StringComparer.Ordinal)
                .ThenBy(rule => Value(rule, "--dport").PadLeft(5, '0'), StringComparer.Ordinal)
                .Select(Join);
        }

        if (chain != "KUBE-SERVICES" || table != "nat")
        {
            return rules.Select(Join).Order(StringComparer.Ordinal);
        }

        int tail = rules.Count;
        while (tail > 0 && IsNodePortJump(rules[tail - 1]))
        {
            tail--;
        }

        IEnumerable<string> head = rules.Take(tail).Select(rule => (IsNodePortJump(rule) ? "! NOT LAST: " : "") + Join(rule));
        return head.Order(StringComparer.Ordinal).Concat(rules.Skip(tail).Select(rule => "[last] " + Join(rule)).Order(StringComparer.Ordinal));
    }

    private static bool IsNodePortJump(string[] rule) => Value(rule, "-j") == "KUBE-NODEPORTS";

    private static string Join(string[] rule) => string.Join(' ', rule);

    private static string Value(string[] rule, string option)
    {
        int index = Array.IndexOf(rule, option);
        return index < 0 || index + 1 >= rule.Length ? "" : rule[index + 1];
    }

    [GeneratedRegex("\"(?:\\\\.|[^\"\\\\])*\"|[^\\s\"]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tokens();

    private sealed record Chain(string Policy, List<string[]> Rules);
}
