namespace KubeProxySharp.Testing;

/// <summary>
/// A small iptables-restore: what <c>--noflush</c> input does to tables, with the checks that the kernel makes on chains.
/// </summary>
public sealed class RestoreEmulator
{
    private readonly SortedDictionary<string, Dictionary<string, List<string>>> _tables = new(StringComparer.Ordinal);

    /// <summary>Applies text as <c>iptables-restore</c> without options does: each table in it is replaced.</summary>
    public void Replace(string text) => Apply(text, keepsOthers: false);

    /// <summary>Applies text as <c>iptables-restore --noflush</c> does.</summary>
    public void Restore(string text) => Apply(text, keepsOthers: true);

    /// <summary>The tables as iptables-save would print them, but for the order of chains.</summary>
    public string Save()
    {
        StringWriter text = new() { NewLine = "\n" };
        foreach ((string name, Dictionary<string, List<string>> table) in _tables)
        {
            text.WriteLine("*" + name);
            foreach (string chain in table.Keys)
            {
                text.WriteLine($":{chain} {(chain.StartsWith("KUBE-", StringComparison.Ordinal) ? "-" : "ACCEPT")} [0:0]");
            }

            foreach (string rule in table.Values.SelectMany(rules => rules))
            {
                text.WriteLine(rule);
            }

            text.WriteLine("COMMIT");
        }

        return text.ToString();
    }

    private void Apply(string text, bool keepsOthers)
    {
        string? name = null;
        Dictionary<string, List<string>> table = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith('*'))
            {
                name = line[1..];
                table = keepsOthers && _tables.TryGetValue(name, out Dictionary<string, List<string>>? known) ? Copy(known) : [];
            }
            else if (line == "COMMIT")
            {
                CheckJumps(table);
                _tables[name!] = table;
            }
            else if (line.StartsWith(':'))
            {
                table[line[1..line.IndexOf(' ', StringComparison.Ordinal)]] = [];
            }
            else if (line.StartsWith("-X ", StringComparison.Ordinal))
            {
                string chain = line[3..];
                if (table[chain].Count != 0)
                {
                    throw new InvalidOperationException($"{chain} is not empty");
                }

                table.Remove(chain);
            }
            else
            {
                table[line.Split(' ')[1]].Add(line);
            }
        }
    }

    private static Dictionary<string, List<string>> Copy(Dictionary<string, List<string>> table) =>
        table.ToDictionary(chain => chain.Key, chain => chain.Value.ToList(), StringComparer.Ordinal);

    private static void CheckJumps(Dictionary<string, List<string>> table)
    {
        foreach (string rule in table.Values.SelectMany(rules => rules))
        {
            int jump = rule.IndexOf(" -j KUBE-", StringComparison.Ordinal);
            if (jump >= 0 && !table.ContainsKey(rule[(jump + 4)..]))
            {
                throw new InvalidOperationException("no such chain: " + rule);
            }
        }
    }
}
