using System.Text;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Iptables.Reading;

/// <summary>
/// Reads the text of iptables-save or ip6tables-save, of both variants, into a rule set that can be walked. Unknown matches
/// and targets become "may match" and "may do anything". Only chains and the positions of their rules are read at once; a
/// rule is read when a walk comes to it.
/// </summary>
public static class IptablesSaveReader
{
    /// <summary>Adds the tables of a dump to a rule set.</summary>
    /// <param name="text">The dump.</param>
    /// <param name="rules">Receives the tables; its family must be that of the dump.</param>
    /// <exception cref="RuleTextException">The text is not what iptables-save prints.</exception>
    public static void Read(string text, Ruleset rules) => Read(Encoding.UTF8.GetBytes(text), rules);

    /// <summary>Adds the tables of a dump to a rule set.</summary>
    /// <param name="text">The dump, UTF-8. It must not be modified afterwards.</param>
    /// <param name="rules">Receives the tables; its family must be that of the dump.</param>
    /// <exception cref="RuleTextException">The text is not what iptables-save prints.</exception>
    public static void Read(ReadOnlyMemory<byte> text, Ruleset rules) => new SaveScan(text, rules).Read();
}

/// <summary>Scans the lines of a dump: creates tables and chains, and assigns the positions of rules to chains.</summary>
/// <param name="text">The dump.</param>
/// <param name="rules">Receives the tables.</param>
internal ref struct SaveScan(ReadOnlyMemory<byte> text, Ruleset rules)
{
    private const int LongestName = 256;

    private readonly ReadOnlySpan<byte> _text = text.Span;
    private readonly SaveRuleReader _reader = new(text);
    private WalkTable? _table;
    private Dictionary<string, WalkChain>.AlternateLookup<ReadOnlySpan<char>> _chains;

    /// <summary>The chain of the previous rule, which is mostly that of the next one too.</summary>
    private WalkChain? _chain;
    private ReadOnlySpan<byte> _chainName;
    private int _number;

    public void Read()
    {
        // Splits at \n only: a comment may contain other line ends of Unicode.
        int start = 0;
        while (start <= _text.Length)
        {
            _number++;
            int length = _text[start..].IndexOf((byte)'\n');
            length = length < 0 ? _text.Length - start : length;
            Line(start, length);
            start += length + 1;
        }

        if (_table is not null)
        {
            throw new RuleTextException(_number, $"table {_table.Name} has no COMMIT");
        }
    }

    private void Line(int start, int length)
    {
        ReadOnlySpan<byte> raw = _text.Slice(start, length);
        ReadOnlySpan<byte> line = raw.Trim(" \t\r\v\f"u8);
        if (line.IsEmpty || line[0] == '#')
        {
            return;
        }

        if (_table is not null && line[0] is (byte)'-' or (byte)'[')
        {
            int indent = raw.IndexOf(line[0]);
            AddRule(start + indent, line);
        }
        else if (line[0] == '*')
        {
            _table = new WalkTable(Encoding.UTF8.GetString(line[1..]));
            _chains = _table.Chains.GetAlternateLookup<ReadOnlySpan<char>>();
            _chain = null;
            rules.Tables.Add(_table);
        }
        else if (line.SequenceEqual("COMMIT"u8))
        {
            _table = null;
        }
        else if (_table is null)
        {
            throw new RuleTextException(_number, $"\"{Encoding.UTF8.GetString(line)}\" is outside a table");
        }
        else if (line[0] == ':')
        {
            DeclareChain(line);
        }
        else
        {
            throw NoRule(line);
        }
    }

    private readonly void DeclareChain(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOf((byte)' ');
        if (end < 0)
        {
            throw new RuleTextException(_number, $"\"{Encoding.UTF8.GetString(line)}\" is not a chain");
        }

        string name = Encoding.UTF8.GetString(line[1..end]);
        ReadOnlySpan<byte> policy = line[(end + 1)..];
        Hook? hook = policy.StartsWith("- "u8) || policy.SequenceEqual("-"u8) ? null : HookOf(name);
        _table!.Chains[name] = new WalkChain(name) // lines outside a table were refused before
        {
            Hook = hook,
            Priority = hook is null ? 0 : PriorityOf(_table.Name, hook.Value),
            IsNat = _table.Name == "nat",
            Policy = policy.StartsWith("DROP"u8) ? WalkVerdict.Drop : WalkVerdict.Accept,
        };
    }

    private void AddRule(int start, ReadOnlySpan<byte> line)
    {
        // With -c a rule begins with its counters.
        int counters = line[0] == '[' ? line.IndexOf((byte)']') + 1 : 0;
        counters += line[counters..].IndexOfAnyExcept((byte)' ') is int spaces and > 0 ? spaces : 0;
        ReadOnlySpan<byte> rule = line[counters..];
        if (!rule.StartsWith("-A "u8))
        {
            throw NoRule(rule);
        }

        ReadOnlySpan<byte> name = rule[3..];
        int end = name.IndexOf((byte)' ');
        name = end < 0 ? name : name[..end];
        if (_chain is null || !name.SequenceEqual(_chainName))
        {
            _chain = Find(name) ?? throw new RuleTextException(_number, $"chain {Encoding.UTF8.GetString(name)} is not declared");
            _chainName = name;
        }

        _chain.AddUnparsed(_reader, new(start + counters, rule.Length, _number));
    }

    private readonly WalkChain? Find(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[LongestName];
        return Encoding.UTF8.TryGetChars(name, characters, out int length) && _chains.TryGetValue(characters[..length], out WalkChain? chain) ? chain : null;
    }

    private readonly RuleTextException NoRule(ReadOnlySpan<byte> line) => new(_number, $"\"{Encoding.UTF8.GetString(line)}\" is not a rule");

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
