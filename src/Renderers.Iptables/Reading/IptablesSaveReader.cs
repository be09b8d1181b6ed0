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
    public static void Read(ReadOnlyMemory<byte> text, Ruleset rules) => new SaveScan(text, rules).Read(0, text.Length, 1, table: null);

    /// <summary>Adds one table of a text to a rule set.</summary>
    /// <param name="text">The text, UTF-8. It must not be modified afterwards.</param>
    /// <param name="section">The table, of <see cref="Find"/>.</param>
    /// <param name="rules">Receives the table; its family must be that of the table.</param>
    /// <exception cref="RuleTextException">The table is not what the tool prints.</exception>
    public static void Read(ReadOnlyMemory<byte> text, in SaveSection section, Ruleset rules) =>
        new SaveScan(text, rules, checksFamily: true).Read(section.Start, section.Length, section.Line, section.IsListing ? section.Table : null);

    /// <summary>Finds the tables in a part of a text: of iptables-save, or of <c>iptables -S</c>, where a table may have no name.</summary>
    /// <param name="text">The text, UTF-8.</param>
    /// <param name="start">The offset of the part.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="line">The number of its first line, from 1.</param>
    /// <param name="listed">The table that is listed, as the command before it says; null if that is not known.</param>
    /// <exception cref="RuleTextException">The text is not what the tools print, or it cannot be known which table is listed.</exception>
    public static IReadOnlyList<SaveSection> Find(ReadOnlySpan<byte> text, int start, int length, int line, string? listed) =>
        new SaveSectionFinder(text).Find(start, length, line, listed);
}

/// <summary>Scans the lines of a dump: creates tables and chains, and assigns the positions of rules to chains.</summary>
/// <param name="text">The dump.</param>
/// <param name="rules">Receives the tables.</param>
/// <param name="checksFamily">Whether an address of the other family is an error.</param>
internal ref struct SaveScan(ReadOnlyMemory<byte> text, Ruleset rules, bool checksFamily = false)
{
    private const int LongestName = 256;

    private readonly ReadOnlySpan<byte> _text = text.Span;
    private readonly SaveRuleReader _reader = new(text, rules.Sets);
    private WalkTable? _table;
    private Dictionary<string, WalkChain>.AlternateLookup<ReadOnlySpan<char>> _chains;

    /// <summary>The chain of the previous rule, which is mostly that of the next one too.</summary>
    private WalkChain? _chain;
    private ReadOnlySpan<byte> _chainName;
    private int _number;
    private bool _isListing;

    /// <summary>Reads a part of the dump.</summary>
    /// <param name="start">The offset of its first byte.</param>
    /// <param name="size">Its length in bytes.</param>
    /// <param name="number">The number of its first line, from 1.</param>
    /// <param name="table">The table of a listing (<c>iptables -S</c>); null for a dump, which names its tables.</param>
    public void Read(int start, int size, int number, string? table)
    {
        _number = number - 1;
        _isListing = table is not null;
        if (table is not null)
        {
            OpenTable(table);
        }

        // Splits at \n only: a comment may contain other line ends of Unicode.
        int end = start + size;
        while (start <= end)
        {
            _number++;
            int length = _text[start..end].IndexOf((byte)'\n');
            length = length < 0 ? end - start : length;
            Line(start, length);
            start += length + 1;
        }

        if (_table is not null && !_isListing)
        {
            throw new RuleTextException(_number, $"table {_table.Name} has no COMMIT");
        }
    }

    private void Line(int start, int length)
    {
        ReadOnlySpan<byte> raw = _text.Slice(start, length);
        ReadOnlySpan<byte> line = raw.Trim(SaveLine.Space);
        if (line.IsEmpty || line[0] == '#')
        {
            return;
        }

        if (_isListing && (line.StartsWith("-P "u8) || line.StartsWith("-N "u8)))
        {
            DeclareChain(line[2..].TrimStart((byte)' '), isNew: line[1] == 'N');
        }
        else if (_table is not null && line[0] is (byte)'-' or (byte)'[')
        {
            int indent = raw.IndexOf(line[0]);
            AddRule(start + indent, line);
        }
        else if (line[0] == '*')
        {
            OpenTable(Encoding.UTF8.GetString(line[1..]));
        }
        else if (line.SequenceEqual("COMMIT"u8))
        {
            _table = null;
        }
        else if (_table is null)
        {
            throw new RuleTextException(_number, SaveLine.Outside(line));
        }
        else if (line[0] == ':')
        {
            DeclareChain(line[1..], isNew: false);
        }
        else
        {
            throw NoRule(line);
        }
    }

    private void OpenTable(string name)
    {
        _table = new WalkTable(name);
        _chains = _table.Chains.GetAlternateLookup<ReadOnlySpan<char>>();
        _chain = null;
        rules.Tables.Add(_table);
    }

    /// <summary>Adds a chain.</summary>
    /// <param name="line">Its name and policy.</param>
    /// <param name="isNew">Whether it is one that a user made, which has no policy.</param>
    private readonly void DeclareChain(ReadOnlySpan<byte> line, bool isNew)
    {
        ReadOnlySpan<byte> word = SaveLine.Word(line);
        if (word.Length == line.Length && !isNew)
        {
            throw new RuleTextException(_number, $"{SaveLine.Quote(line)} is not a chain: it has no policy");
        }

        string name = Encoding.UTF8.GetString(word);
        ReadOnlySpan<byte> policy = isNew ? "-"u8 : line[(word.Length + 1)..];
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

        if (SaveLine.Fault(rule, checksFamily ? rules.Family : null) is { } fault)
        {
            throw new RuleTextException(_number, fault);
        }

        _chain.AddUnparsed(_reader, new(start + counters, rule.Length, _number));
    }

    private readonly WalkChain? Find(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[LongestName];
        return Encoding.UTF8.TryGetChars(name, characters, out int length) && _chains.TryGetValue(characters[..length], out WalkChain? chain) ? chain : null;
    }

    private readonly RuleTextException NoRule(ReadOnlySpan<byte> line) => new(_number, SaveLine.NoRule(line, _table?.Name ?? ""));

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
