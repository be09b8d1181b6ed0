using System.Buffers;
using System.Text;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Replaces the variables of a script by their values, as nft does when it reads one (nft(8), symbolic variables). Lines keep
/// their numbers.
/// </summary>
internal ref struct NftVariables
{
    /// <summary>The longest value of a variable, and how much the values may add to a script, in bytes: each may be twice the one before.</summary>
    private const int MostBytes = 64 * 1024 * 1024;

    private readonly ReadOnlyMemory<byte> _text;
    private readonly ArrayBufferWriter<byte> _expanded = new();

    /// <summary>Variables by name, one set for each block: those of a block are known in it and in the blocks inside.</summary>
    private readonly Stack<Dictionary<string, string>> _blocks = new([new(StringComparer.Ordinal)]);
    private NftLexer _lexer;

    private NftVariables(ReadOnlyMemory<byte> text)
    {
        _text = text;
        _lexer = new(text.Span, 0, text.Length, 1);
    }

    /// <summary>The script without variables. One that defines none is returned as it is.</summary>
    /// <exception cref="RuleTextException">A definition has no value, a variable is not defined, or the values are too long.</exception>
    public static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> text) =>
        text.Span.IndexOf("define"u8) < 0 && text.Span.IndexOf("$"u8) < 0 ? text : new NftVariables(text).Expanded();

    private ReadOnlyMemory<byte> Expanded()
    {
        int copied = 0;
        bool isFirst = true;
        NftTokenKind before = NftTokenKind.NewLine;
        while (_lexer.Next() != NftTokenKind.End)
        {
            if (isFirst && (_lexer.Is("define"u8) || _lexer.Is("redefine"u8) || _lexer.Is("undefine"u8)))
            {
                _expanded.Write(_text.Span[copied.._lexer.Start]);
                Definition();
                copied = _lexer.Position;
                before = NftTokenKind.NewLine;
                continue;
            }

            if (_lexer.Kind == NftTokenKind.Word && _lexer.Value.Contains((byte)'$'))
            {
                _expanded.Write(_text.Span[copied.._lexer.Start]);
                Write(Value(isInSet: before is NftTokenKind.Open or NftTokenKind.Comma));
                copied = _lexer.Position;
            }
            else if (_lexer.Kind == NftTokenKind.Open)
            {
                _blocks.Push(new(StringComparer.Ordinal));
            }
            else if (_lexer.Kind == NftTokenKind.Close && _blocks.Count > 1)
            {
                _blocks.Pop();
            }

            before = _lexer.Kind == NftTokenKind.NewLine ? before : _lexer.Kind; // a set may go over lines
            isFirst = _lexer.Kind is NftTokenKind.NewLine or NftTokenKind.Semicolon or NftTokenKind.Open or NftTokenKind.Close;
        }

        _expanded.Write(_text.Span[copied..]);
        return _expanded.WrittenMemory;
    }

    /// <summary><c>define name = value</c>, up to the end of the line outside of braces; the lines that it takes are left.</summary>
    private void Definition()
    {
        bool isRemoved = _lexer.Is("undefine"u8);
        int line = _lexer.TokenLine;
        StringBuilder definition = new();
        int depth = 0;
        NftTokenKind before = NftTokenKind.Word;
        int end = _lexer.Position;
        NftLexer after = _lexer;
        while (true)
        {
            NftTokenKind kind = _lexer.Next();
            if (kind == NftTokenKind.End || (depth == 0 && kind is NftTokenKind.NewLine or NftTokenKind.Semicolon or NftTokenKind.Close))
            {
                // What ends the definition is read again, so that a block ends too.
                _lexer = after;
                break;
            }

            int start = kind == NftTokenKind.Quoted ? _lexer.Start - 1 : _lexer.Start;
            definition.Append(start != end ? " " : "");
            definition.Append(kind switch
            {
                NftTokenKind.NewLine => "",
                NftTokenKind.Word when _lexer.Value.Contains((byte)'$') => Value(isInSet: before is NftTokenKind.Open or NftTokenKind.Comma),
                _ => Encoding.UTF8.GetString(_text.Span[start.._lexer.Position]),
            });
            Bound(definition.Length);
            depth += kind switch { NftTokenKind.Open => 1, NftTokenKind.Close => -1, _ => 0 };
            before = kind == NftTokenKind.NewLine ? before : kind;
            end = _lexer.Position;
            after = _lexer;
        }

        Write(new string('\n', _lexer.Line - line));
        string text = definition.ToString();
        int sign = text.IndexOf('=', StringComparison.Ordinal);
        string name = (sign < 0 ? text : text[..sign]).Trim();
        string value = sign < 0 ? "" : text[(sign + 1)..].Trim();
        if (name.Length == 0 || name.AsSpan().ContainsAny(" \"{},") || (value.Length == 0 && !isRemoved))
        {
            throw new RuleTextException(line, "a variable is defined by: define NAME = VALUE");
        }

        if (isRemoved)
        {
            _blocks.Peek().Remove(name);
        }
        else
        {
            _blocks.Peek()[name] = value;
        }
    }

    /// <summary>The current word with values for its variables. A set in a set stands for its elements.</summary>
    private readonly string Value(bool isInSet)
    {
        string word = Encoding.UTF8.GetString(_lexer.Value);
        StringBuilder value = new();
        int position = 0;
        for (int start = word.IndexOf('$', StringComparison.Ordinal); start >= 0; start = word.IndexOf('$', position))
        {
            int end = start + 1;
            while (end < word.Length && (char.IsAsciiLetterOrDigit(word[end]) || word[end] is '_' or '.' or '-' or '/'))
            {
                end++;
            }

            string found = Find(word[(start + 1)..end]);
            bool isSet = isInSet && found is ['{', .., '}'];
            value.Append(word, position, start - position).Append(isSet ? found[1..^1].Trim() : found);
            Bound(value.Length);
            position = end;
        }

        return value.Append(word, position, word.Length - position).ToString();
    }

    private readonly string Find(string name)
    {
        foreach (Dictionary<string, string> block in _blocks)
        {
            if (block.TryGetValue(name, out string? value))
            {
                return value;
            }
        }

        throw new RuleTextException(_lexer.TokenLine, $"the variable ${name} is not defined: add \"define {name} = ...\" before it (nft --define sets it on the command line)");
    }

    private readonly void Write(string text)
    {
        Bound(_expanded.WrittenCount - _text.Length + text.Length);
        _expanded.Write(Encoding.UTF8.GetBytes(text));
    }

    private readonly void Bound(int length)
    {
        if (length > MostBytes)
        {
            throw new RuleTextException(_lexer.TokenLine, $"its variables stand for more than {MostBytes >> 20} MB");
        }
    }
}
