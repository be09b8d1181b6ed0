using System.Buffers;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Parses the subset of YAML that kubectl prints: block mappings and sequences, scalars on one line, plain or quoted, and
/// literal blocks. Anything else, and anything broken, is left to the full parser: in doubt it returns false.
/// </summary>
internal sealed class KubectlYamlParser
{
    /// <summary>YAML bounds the length of a key that is not announced by a question mark to 1024 characters.</summary>
    private const int MaxKeyLength = 1000;

    /// <summary>Characters that cannot begin a plain scalar (YAML 1.2, 5.3), except the minus.</summary>
    private static readonly SearchValues<byte> s_indicators = SearchValues.Create("?:,[]{}#&*!|>'\"%@`"u8);

    private readonly List<YamlToken> _tokens = [];
    private byte[] _unescaped = new byte[4096];
    private int _unescapedLength;
    private ReadOnlyMemory<byte> _source;
    private int _depth;

    // The current line: the start, position and end of its content, its indentation and number; the next line begins after it.
    private int _at;
    private int _end;
    private int _next;
    private int _indent;
    private int _line;
    private bool _isAtEnd;

    /// <summary>The tokens of the last call.</summary>
    public ReadOnlySpan<YamlToken> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>The text of a token.</summary>
    public ReadOnlySpan<byte> TextOf(YamlToken token) =>
        token.Kind == YamlTokenKind.Unescaped ? _unescaped.AsSpan(token.Start, token.Length) : _source.Span.Slice(token.Start, token.Length);

    /// <summary>Reads a mapping without indentation, or nothing.</summary>
    /// <param name="source">Whole lines.</param>
    /// <param name="line">The number of the first one.</param>
    /// <returns>Whether the text could be parsed; if not, the tokens are invalid.</returns>
    public bool TryReadMapping(ReadOnlyMemory<byte> source, int line)
    {
        Begin(source, line);
        return NextLine() && (_isAtEnd || (_indent == 0 && Mapping(0) && _isAtEnd));
    }

    /// <summary>Reads one element of a sequence, which begins with a minus.</summary>
    /// <inheritdoc cref="TryReadMapping"/>
    public bool TryReadElement(ReadOnlyMemory<byte> source, int line)
    {
        Begin(source, line);
        return NextLine() && IsElement() && Element(_indent) && _isAtEnd;
    }

    private void Begin(ReadOnlyMemory<byte> source, int line)
    {
        _source = source;
        _tokens.Clear();
        _unescapedLength = 0;
        _depth = 0;
        _next = 0;
        _line = line - 1;
        _isAtEnd = false;
    }

    /// <summary>Advances to the next line with content other than blanks and a comment.</summary>
    /// <returns>Whether it can be read, or there is none.</returns>
    private bool NextLine()
    {
        ReadOnlySpan<byte> source = _source.Span;
        while (_next < source.Length)
        {
            RawLine();
            ReadOnlySpan<byte> line = source[_at.._end];
            if (line.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            {
                return false;
            }

            int content = line.IndexOfAnyExcept((byte)' ');
            if (content >= 0 && line[content] != (byte)'#')
            {
                _indent = content;
                _at += content;
                _end = _at + line[content..].TrimEnd((byte)' ').Length;
                return true;
            }
        }

        _isAtEnd = true;
        _indent = -1;
        return true;
    }

    private void RawLine()
    {
        ReadOnlySpan<byte> rest = _source.Span[_next..];
        int length = rest.IndexOf((byte)'\n');
        _at = _next;
        _end = _at + (length < 0 ? rest.Length : length);
        _next = length < 0 ? _source.Length : _end + 1;
        _line++;
    }

    private bool IsElement()
    {
        ReadOnlySpan<byte> content = _source.Span[_at.._end];
        return content.StartsWith("- "u8) || content.SequenceEqual("-"u8);
    }

    private bool Mapping(int indent) => Open(YamlTokenKind.Mapping) && TryKey() && RestOfMapping(indent);

    /// <summary>A mapping from the value of its first key on.</summary>
    private bool RestOfMapping(int indent)
    {
        do
        {
            if (!Value(indent))
            {
                return false;
            }

            if (_indent != indent)
            {
                Close();
                return _indent < indent;
            }
        }
        while (TryKey());

        return false;
    }

    private bool Sequence(int indent)
    {
        if (!Open(YamlTokenKind.Sequence))
        {
            return false;
        }

        do
        {
            if (!Element(indent))
            {
                return false;
            }
        }
        while (_indent == indent && IsElement());

        Close();
        return _indent <= indent;
    }

    /// <summary>An element, from its minus on.</summary>
    private bool Element(int indent)
    {
        int content = _source.Span[(_at + 1).._end].IndexOfAnyExcept((byte)' ');
        if (content < 0)
        {
            return false;
        }

        int column = indent + 1 + content;
        _at += 1 + content;
        if (IsElement())
        {
            return false;
        }

        _indent = column;
        (int at, int tokens, int unescaped) = (_at, _tokens.Count, _unescapedLength);
        if (Open(YamlTokenKind.Mapping) && TryKey())
        {
            return RestOfMapping(column);
        }

        // No key, so it is a scalar.
        _at = at;
        _unescapedLength = unescaped;
        _depth--;
        CollectionsMarshal.SetCount(_tokens, tokens);
        return Scalar(indent);
    }

    /// <summary>What follows the colon of a key in a mapping of an indentation.</summary>
    private bool Value(int indent)
    {
        if (_at < _end)
        {
            return Scalar(indent);
        }

        int line = _line;
        if (!NextLine())
        {
            return false;
        }

        if (_indent >= indent && IsElement())
        {
            return Sequence(_indent);
        }

        if (_indent > indent)
        {
            return Mapping(_indent);
        }

        _tokens.Add(new(YamlTokenKind.Plain, 0, 0, line));
        return true;
    }

    /// <summary>Reads a key with its colon and the blanks after it.</summary>
    private bool TryKey()
    {
        ReadOnlySpan<byte> rest = _source.Span[_at.._end];
        int length;
        if (rest[0] is (byte)'"' or (byte)'\'')
        {
            if (!Quoted(out length) || length > MaxKeyLength)
            {
                return false;
            }
        }
        else
        {
            length = PlainKeyLength(rest);
            if (length is <= 0 or > MaxKeyLength || !CanBePlain(rest) || rest[..length].Contains((byte)' ') || rest[..length].SequenceEqual("<<"u8))
            {
                return false;
            }

            _tokens.Add(new(YamlTokenKind.Plain, _at, length, _line));
        }

        ReadOnlySpan<byte> after = rest[length..];
        if (after.IsEmpty || after[0] != (byte)':' || (after.Length > 1 && after[1] != (byte)' '))
        {
            return false;
        }

        int value = after[1..].IndexOfAnyExcept((byte)' ');
        _at = value < 0 ? _end : _at + length + 1 + value;
        return true;
    }

    /// <summary>Where the colon after a key is; -1 if there is none.</summary>
    private static int PlainKeyLength(ReadOnlySpan<byte> text)
    {
        for (int from = 0; from < text.Length;)
        {
            int colon = text[from..].IndexOf((byte)':');
            if (colon < 0)
            {
                return -1;
            }

            from += colon + 1;
            if (from == text.Length || text[from] == (byte)' ')
            {
                return from - 1;
            }
        }

        return -1;
    }

    private static bool CanBePlain(ReadOnlySpan<byte> text) =>
        !s_indicators.Contains(text[0]) && (text[0] != (byte)'-' || (text.Length > 1 && char.IsAsciiLetterOrDigit((char)text[1])));

    /// <summary>Reads a scalar, or an empty collection, that ends with its line. Below it nothing is deeper than an indentation.</summary>
    private bool Scalar(int indent)
    {
        ReadOnlySpan<byte> rest = _source.Span[_at.._end];
        switch (rest[0])
        {
            case (byte)'"' or (byte)'\'':
                if (!Quoted(out int length) || length != rest.Length)
                {
                    return false;
                }

                break;
            case (byte)'|':
                return Literal(indent, rest);
            case (byte)'{' or (byte)'[':
                bool isMapping = rest[0] == (byte)'{';
                if (!rest.SequenceEqual(isMapping ? "{}"u8 : "[]"u8) || !Open(isMapping ? YamlTokenKind.Mapping : YamlTokenKind.Sequence))
                {
                    return false;
                }

                Close();
                break;
            default:
                if (!CanBePlain(rest) || rest[^1] == (byte)':' || rest.IndexOf(": "u8) >= 0 || rest.IndexOf(" #"u8) >= 0)
                {
                    return false;
                }

                _tokens.Add(new(YamlTokenKind.Plain, _at, rest.Length, _line));
                break;
        }

        return NextLine() && _indent <= indent;
    }

    /// <summary>Reads a quoted text.</summary>
    /// <param name="length">Its length with the quotes.</param>
    private bool Quoted(out int length)
    {
        ReadOnlySpan<byte> text = _source.Span[(_at + 1).._end];
        bool isDouble = _source.Span[_at] == (byte)'"';
        int special = isDouble ? text.IndexOfAny((byte)'"', (byte)'\\') : text.IndexOf((byte)'\'');
        length = special + 2;
        if (special < 0)
        {
            return false;
        }

        bool isEnd = isDouble ? text[special] == (byte)'"' : special + 1 == text.Length || text[special + 1] != (byte)'\'';
        if (isEnd)
        {
            _tokens.Add(new(YamlTokenKind.Quoted, _at + 1, special, _line));
            return true;
        }

        int start = _unescapedLength;
        for (int index = 0; index < text.Length; index++)
        {
            byte character = text[index];
            if (isDouble && character == (byte)'\\')
            {
                if (++index == text.Length || !TryUnescape(text[index], out character))
                {
                    return false;
                }
            }
            else if (!isDouble && character == (byte)'\'' && index + 1 < text.Length && text[index + 1] == (byte)'\'')
            {
                index++;
            }
            else if (character == (isDouble ? (byte)'"' : (byte)'\''))
            {
                length = index + 2;
                _tokens.Add(new(YamlTokenKind.Unescaped, start, _unescapedLength - start, _line));
                return true;
            }

            Append([character]);
        }

        return false;
    }

    private static bool TryUnescape(byte character, out byte meaning)
    {
        meaning = character switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'t' => (byte)'\t',
            _ => character,
        };
        return character is (byte)'n' or (byte)'t' or (byte)'"' or (byte)'\\';
    }

    /// <summary>Reads a literal block: the lines below that are deeper than an indentation, with their ends.</summary>
    private bool Literal(int indent, ReadOnlySpan<byte> header)
    {
        bool isStripped = header.SequenceEqual("|-"u8);
        if (!isStripped && !header.SequenceEqual("|"u8))
        {
            return false;
        }

        int line = _line;
        int start = _unescapedLength;
        int end = start;
        int depth = -1;
        int longestEmpty = 0;
        ReadOnlySpan<byte> source = _source.Span;
        while (_next < source.Length)
        {
            (int next, int number) = (_next, _line);
            RawLine();
            ReadOnlySpan<byte> text = source[_at.._end];
            int content = text.IndexOfAnyExcept((byte)' ');
            if (content >= 0 && content <= indent)
            {
                (_next, _line) = (next, number);
                break;
            }

            bool isWhole = _next > _end;
            depth = depth < 0 ? content : depth;
            if (depth < 0)
            {
                // An empty line before the text, whose indentation limits its blanks.
                longestEmpty = Math.Max(longestEmpty, text.Length);
            }
            else if (longestEmpty > depth)
            {
                return false;
            }

            if (!isWhole || (depth >= 0 && content >= 0 && content < depth) || text.ContainsAnyExceptInRange((byte)' ', (byte)'~') || (content < 0 && depth >= 0 && text.Length > depth))
            {
                return false;
            }

            Append(content < 0 ? [] : text[depth..]);
            Append("\n"u8);
            end = content < 0 ? end : _unescapedLength;
        }

        if (depth < 0)
        {
            return false;
        }

        _unescapedLength = isStripped ? end - 1 : end;
        _tokens.Add(new(YamlTokenKind.Unescaped, start, _unescapedLength - start, line));
        return NextLine() && _indent <= indent;
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        if (_unescaped.Length - _unescapedLength < text.Length)
        {
            Array.Resize(ref _unescaped, (2 * _unescaped.Length) + text.Length);
        }

        text.CopyTo(_unescaped.AsSpan(_unescapedLength));
        _unescapedLength += text.Length;
    }

    private bool Open(YamlTokenKind kind)
    {
        _tokens.Add(new(kind, 0, 0, _line));
        return ++_depth <= DocumentLimits.MaxDepth;
    }

    private void Close()
    {
        _depth--;
        _tokens.Add(new(YamlTokenKind.End, 0, 0, _line));
    }
}
