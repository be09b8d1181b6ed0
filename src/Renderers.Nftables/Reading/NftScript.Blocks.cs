using System.Globalization;
using System.Text;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <content>Blocks between braces: tables, chains, sets and maps.</content>
internal ref partial struct NftScript
{
    private void Table()
    {
        (string family, string name) = TableName();
        NftTable table = _listing.FindOrAdd(family, name, _source);
        if (!HasBlock())
        {
            return;
        }

        while (InBlock())
        {
            string kind = Word("a part of a table");
            switch (kind)
            {
                case "chain":
                    Chain(table, Word("the name of a chain"));
                    break;
                case "set" or "map":
                    Set(table, Word("the name of a set"));
                    break;
                case "flags":
                    RuleSlice flags = SkipStatement();
                    table.IsDormant = TextOf(flags).Contains("dormant", StringComparison.Ordinal);
                    break;
                default:
                    SkipStatement();
                    break;
            }
        }
    }

    private void Chain(NftTable table, string name)
    {
        if (!table.Chains.TryGetValue(name, out NftChain? chain))
        {
            chain = new(name);
            table.Chains.Add(name, chain);
        }

        if (!HasBlock())
        {
            return;
        }

        while (InBlock())
        {
            NftLexer ahead = _lexer;
            ahead.Next();
            if (ahead.Is("type"u8))
            {
                BaseChain(chain, TextOf(SkipStatement()).Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
            else if (ahead.Is("policy"u8))
            {
                chain.Policy = TextOf(SkipStatement()).EndsWith("drop", StringComparison.Ordinal) ? WalkVerdict.Drop : WalkVerdict.Accept;
            }
            else if (ahead.Is("comment"u8) || ahead.Is("flags"u8) || ahead.Is("devices"u8))
            {
                SkipStatement();
            }
            else
            {
                Rule(chain, isFirst: false);
            }
        }
    }

    /// <summary><c>type nat hook prerouting priority dstnat + 5</c></summary>
    private readonly void BaseChain(NftChain chain, string[] tokens)
    {
        chain.IsNat = tokens.Length > 1 && tokens[1] == "nat";
        int hook = Array.IndexOf(tokens, "hook");
        int priority = Array.IndexOf(tokens, "priority");
        if (hook < 0 || hook + 1 >= tokens.Length || priority < 0 || priority + 1 >= tokens.Length)
        {
            throw Error("a base chain has a type, a hook and a priority");
        }

        chain.SetHook(tokens[hook + 1]);
        foreach (string device in tokens[Math.Min(hook + 2, priority)..priority].Where(token => token.Trim('"', ',', '{', '}') is { Length: > 0 } name && name is not ("device" or "devices" or "=")))
        {
            chain.Devices.Add(device.Trim('"', ',', '{', '}'));
        }

        chain.Priority = Priority(tokens.AsSpan(priority + 1));
    }

    private readonly int Priority(ReadOnlySpan<string> tokens)
    {
        int? named = tokens[0] switch
        {
            "raw" => -300,
            "mangle" => -150,
            "dstnat" => -100,
            "filter" => 0,
            "security" => 50,
            "srcnat" or "out" => 100,
            _ => null,
        };
        bool isRead = int.TryParse(tokens[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) || named is not null;
        int offset = 0;
        if (tokens.Length > 1)
        {
            isRead &= tokens.Length == 3 && tokens[1] is "+" or "-" && int.TryParse(tokens[2], NumberStyles.None, CultureInfo.InvariantCulture, out offset);
        }

        return isRead
            ? (named ?? number) + (tokens.Length > 1 && tokens[1] == "-" ? -offset : offset)
            : throw Error($"\"{string.Join(' ', tokens!)}\" is not a priority");
    }

    private void Set(NftTable table, string name)
    {
        if (!table.Sets.TryGetValue(name, out NftSet? set))
        {
            set = new();
            table.Sets.Add(name, set);
        }

        if (!HasBlock())
        {
            return;
        }

        while (InBlock())
        {
            switch (Word("a property of a set"))
            {
                case "timeout":
                    string time = Word("a time");
                    set.ExpirySeconds = NftTime.TryReadSeconds(time, out int seconds) ? seconds : throw Error($"\"{time}\" is not a time");
                    break;
                case "flags":
                    string setFlags = TextOf(SkipStatement());
                    set.IsDynamic |= setFlags.Contains("dynamic", StringComparison.Ordinal);
                    set.HasTimeouts = setFlags.Contains("timeout", StringComparison.Ordinal);
                    break;
                case "limit" or "quota" or "ct":
                    // A statement that is executed with each element that is found, and may end the rule.
                    SkipStatement();
                    set.IsDynamic = true;
                    break;
                case "elements":
                    SkipWord("=");
                    Expect(NftTokenKind.Open, "elements between braces");
                    Elements(set);
                    break;
                default:
                    SkipStatement();
                    break;
            }
        }
    }

    /// <summary>Reads elements up to the closing brace.</summary>
    private void Elements(NftSet set)
    {
        int start = _lexer.Position;
        int line = _lexer.Line;
        SkipToClose();
        set.Elements.Add(new(start, _lexer.Start - start, line));
    }

    private void Rule(NftChain chain, bool isFirst)
    {
        RuleSlice rule = SkipStatement();
        if (rule.Length == 0)
        {
            throw Error("a rule is missing");
        }

        if (isFirst)
        {
            chain.Rules.Insert(0, rule);
        }
        else
        {
            chain.Rules.Add(rule);
        }
    }

    /// <summary>Enters a block; false if none follows.</summary>
    private bool HasBlock()
    {
        NftLexer ahead = _lexer;
        if (ahead.Next() != NftTokenKind.Open)
        {
            return false;
        }

        _lexer = ahead;
        return true;
    }

    /// <summary>Goes to the next statement of a block; false at its end.</summary>
    private bool InBlock() => NextOfStatement() switch
    {
        NftTokenKind.Word => true,
        NftTokenKind.Close => false,
        NftTokenKind.End => throw Error("a block is not closed"),
        _ => throw Error("a word is expected"),
    };

    /// <summary>Skips the rest of a statement: up to the end of the line, a semicolon or the end of the block, outside of braces.</summary>
    private RuleSlice SkipStatement()
    {
        int start = -1;
        int end = 0;
        int line = _lexer.Line;
        while (true)
        {
            NftLexer before = _lexer;
            switch (_lexer.Next())
            {
                case NftTokenKind.End or NftTokenKind.NewLine or NftTokenKind.Semicolon or NftTokenKind.Close:
                    _lexer = before;
                    return start < 0 ? new(before.Position, 0, line) : new(start, end - start, line);
                case NftTokenKind.Open:
                    start = start < 0 ? _lexer.Start : start;
                    SkipToClose();
                    break;
                case NftTokenKind.Quoted:
                    start = start < 0 ? _lexer.Start - 1 : start;
                    break;
                default:
                    start = start < 0 ? _lexer.Start : start;
                    break;
            }

            end = _lexer.Position;
        }
    }

    private void SkipWord(string wanted)
    {
        if (Word(wanted) != wanted)
        {
            throw Error($"{wanted} is missing");
        }
    }

    private void SkipToClose()
    {
        int line = _lexer.Line;
        if (!_lexer.SkipToClose())
        {
            throw new RuleTextException(line, "a brace is not closed");
        }
    }

    private readonly string TextOf(RuleSlice slice) => Encoding.UTF8.GetString(_source.Text(slice));
}
