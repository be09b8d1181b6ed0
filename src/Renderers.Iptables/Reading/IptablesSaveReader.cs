using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>
/// Reads the text of iptables-save or ip6tables-save, of both variants, into rules that can be walked through. Matches and
/// targets that it does not know stay in as "may match" and "may do anything".
/// </summary>
public static class IptablesSaveReader
{
    /// <summary>Adds the tables of a dump to a rule set.</summary>
    /// <param name="text">The dump.</param>
    /// <param name="rules">Receives the tables; its family must be that of the dump.</param>
    /// <exception cref="RuleTextException">The text is not what iptables-save prints.</exception>
    public static void Read(string text, Ruleset rules)
    {
        WalkTable? table = null;
        int number = 0;

        // Not EnumerateLines: a comment may hold what else counts as the end of a line in Unicode.
        foreach (Range raw in text.AsSpan().Split('\n'))
        {
            number++;
            string line = text.AsSpan(raw).Trim().ToString();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '*')
            {
                table = new WalkTable(line[1..]);
                rules.Tables.Add(table);
            }
            else if (line == "COMMIT")
            {
                table = null;
            }
            else if (table is null)
            {
                throw new RuleTextException(number, $"\"{line}\" is outside a table");
            }
            else if (line[0] == ':')
            {
                DeclareChain(line, table, number);
            }
            else
            {
                AddRule(line, table, number);
            }
        }

        if (table is not null)
        {
            throw new RuleTextException(number, $"table {table.Name} has no COMMIT");
        }
    }

    private static void DeclareChain(string line, WalkTable table, int number)
    {
        string[] fields = line[1..].Split(' ');
        if (fields.Length < 2)
        {
            throw new RuleTextException(number, $"\"{line}\" is not a chain");
        }

        Hook? hook = fields[1] == "-" ? null : HookOf(fields[0]);
        table.Chains[fields[0]] = new WalkChain(fields[0])
        {
            Hook = hook,
            Priority = hook is null ? 0 : PriorityOf(table.Name, hook.Value),
            IsNat = table.Name == "nat",
            Policy = fields[1] == "DROP" ? WalkVerdict.Drop : WalkVerdict.Accept,
        };
    }

    private static void AddRule(string line, WalkTable table, int number)
    {
        // Counters come first with -c.
        string rule = line[0] == '[' && line.IndexOf(']', StringComparison.Ordinal) is int end and > 0 ? line[(end + 1)..].TrimStart() : line;
        List<string> tokens = RuleTokens.Split(rule);
        if (tokens.Count < 2 || tokens[0] != "-A")
        {
            throw new RuleTextException(number, $"\"{rule}\" is not a rule");
        }

        if (!table.Chains.TryGetValue(tokens[1], out WalkChain? chain))
        {
            throw new RuleTextException(number, $"chain {tokens[1]} is not declared");
        }

        chain.Rules.Add(new RuleParser(rule, tokens).Parse());
    }

    private static Hook? HookOf(string chain) => chain switch
    {
        "PREROUTING" => Hook.Prerouting,
        "INPUT" => Hook.Input,
        "FORWARD" => Hook.Forward,
        "OUTPUT" => Hook.Output,
        "POSTROUTING" => Hook.Postrouting,
        _ => null,
    };

    /// <summary>linux/netfilter_ipv4.h, enum nf_ip_hook_priorities.</summary>
    private static int PriorityOf(string table, Hook hook) => table switch
    {
        "raw" => -300,
        "mangle" => -150,
        "nat" => hook is Hook.Prerouting or Hook.Output ? -100 : 100,
        "security" => 50,
        _ => 0,
    };
}
