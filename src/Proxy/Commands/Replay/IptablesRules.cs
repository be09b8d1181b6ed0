namespace KubeProxySharp.Proxy.Commands.Replay;

/// <summary>The tables that the input of iptables-restore leads to, with the checks that the kernel makes on chains.</summary>
internal sealed class IptablesRules : IWrittenRules
{
    private const string Comment = " -m comment --comment ";

    private readonly SortedDictionary<string, SortedDictionary<string, List<string>>> _tables = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Replace(string text)
    {
        _tables.Clear();
        Apply(text);
    }

    /// <inheritdoc/>
    public void Update(string text) => Apply(text);

    /// <inheritdoc/>
    public string? DifferenceFrom(IWrittenRules expected)
    {
        IptablesRules other = (IptablesRules)expected;
        foreach (string name in _tables.Keys.Union(other._tables.Keys, StringComparer.Ordinal))
        {
            SortedDictionary<string, List<string>> mine = _tables.GetValueOrDefault(name) ?? [];
            SortedDictionary<string, List<string>> theirs = other._tables.GetValueOrDefault(name) ?? [];
            foreach (string chain in mine.Keys.Union(theirs.Keys, StringComparer.Ordinal))
            {
                if (FirstDifference(mine.GetValueOrDefault(chain), theirs.GetValueOrDefault(chain)) is { } difference)
                {
                    return $"table {name}, chain {chain}: {difference}";
                }
            }
        }

        return null;
    }

    /// <summary>
    /// How lists of rules differ; null if they do not. Comments are not compared: above a number of endpoints new rules have none, and
    /// those that stay keep theirs (spec 5.10).
    /// </summary>
    private static string? FirstDifference(List<string>? actual, List<string>? expected)
    {
        if (actual is null || expected is null)
        {
            return actual is null ? "is missing after the updates" : "is left over by the updates";
        }

        for (int index = 0; index < Math.Max(actual.Count, expected.Count); index++)
        {
            string present = index < actual.Count ? actual[index] : "nothing";
            string wanted = index < expected.Count ? expected[index] : "nothing";
            if (present != wanted && WithoutComment(present) != WithoutComment(wanted))
            {
                return $"the updates lead to \"{present}\", all rules written at once to \"{wanted}\"";
            }
        }

        return null;
    }

    private static string WithoutComment(string rule)
    {
        int start = rule.IndexOf(Comment, StringComparison.Ordinal);
        if (start < 0)
        {
            return rule;
        }

        int text = start + Comment.Length;
        int end = rule[text] == '"' ? rule.IndexOf('"', text + 1) + 1 : rule.IndexOf(' ', text);
        return end <= 0 ? rule[..start] : rule.Remove(start, end - start);
    }

    private void Apply(string text)
    {
        SortedDictionary<string, List<string>>? table = null;
        foreach (ReadOnlySpan<char> span in text.AsSpan().EnumerateLines())
        {
            if (span.IsEmpty || span[0] == '#')
            {
                continue;
            }

            string line = span.ToString();
            if (line[0] == '*')
            {
                if (!_tables.TryGetValue(line[1..], out table))
                {
                    _tables.Add(line[1..], table = new(StringComparer.Ordinal));
                }
            }
            else if (table is null)
            {
                throw new FormatException($"\"{line}\" is in no table");
            }
            else if (line == "COMMIT")
            {
                CheckJumps(table);
                table = null;
            }
            else
            {
                Apply(line, table);
            }
        }
    }

    private static void Apply(string line, SortedDictionary<string, List<string>> table)
    {
        if (line[0] == ':')
        {
            table[WordAt(line, 1)] = [];
        }
        else if (line.StartsWith("-A ", StringComparison.Ordinal))
        {
            RulesOf(table, WordAt(line, 3)).Add(line);
        }
        else if (line.StartsWith("-X ", StringComparison.Ordinal))
        {
            string chain = WordAt(line, 3);
            if (RulesOf(table, chain).Count != 0)
            {
                throw new FormatException($"chain {chain} is deleted and is not empty");
            }

            table.Remove(chain);
        }
        else
        {
            throw new FormatException($"\"{line}\" is not understood");
        }
    }

    private static List<string> RulesOf(SortedDictionary<string, List<string>> table, string chain) =>
        table.TryGetValue(chain, out List<string>? rules) ? rules : throw new FormatException($"there is no chain {chain}");

    private static string WordAt(string line, int start)
    {
        int end = line.IndexOf(' ', start);
        return end < 0 ? line[start..] : line[start..end];
    }

    private static void CheckJumps(SortedDictionary<string, List<string>> table)
    {
        foreach (string rule in table.Values.SelectMany(static rules => rules))
        {
            int jump = rule.IndexOf(" -j KUBE-", StringComparison.Ordinal);
            if (jump >= 0 && !table.ContainsKey(WordAt(rule, jump + " -j ".Length)))
            {
                throw new FormatException($"there is no chain for \"{rule}\"");
            }
        }
    }
}
