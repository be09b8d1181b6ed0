using System.Buffers;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Splits text in nft's language into tokens. Comments and continued lines are spaces.</summary>
/// <param name="text">The text.</param>
/// <param name="position">Where to begin.</param>
/// <param name="end">Where to end.</param>
/// <param name="line">The number of the line to begin with.</param>
internal ref struct NftLexer(ReadOnlySpan<byte> text, int position, int end, int line)
{

    private static readonly SearchValues<byte> s_inBlock = SearchValues.Create("{}\"#\n"u8);

    private readonly ReadOnlySpan<byte> _text = text[..end];

    /// <summary>The kind of the current token.</summary>
    public NftTokenKind Kind { get; private set; }

    /// <summary>The start of the current token, without its quotes.</summary>
    public int Start { get; private set; }

    /// <summary>The length of the current token.</summary>
    public int Length { get; private set; }

    /// <summary>The position after the current token.</summary>
    public int Position { get; private set; } = position;

    /// <summary>The line of <see cref="Position"/>, from 1.</summary>
    public int Line { get; private set; } = line;

    /// <summary>The line of the current token, from 1.</summary>
    public int TokenLine { get; private set; } = line;

    public readonly ReadOnlySpan<byte> Value => _text.Slice(Start, Length);

    /// <summary>Goes to the next token.</summary>
    public NftTokenKind Next()
    {
        SkipSpace();
        Start = Position;
        Length = 1;
        TokenLine = Line;
        if (Position == _text.Length)
        {
            Length = 0;
            return Kind = NftTokenKind.End;
        }

        switch (_text[Position])
        {
            case (byte)'\n':
                Line++;
                return Single(NftTokenKind.NewLine);
            case (byte)';':
                return Single(NftTokenKind.Semicolon);
            case (byte)'{':
                return Single(NftTokenKind.Open);
            case (byte)'}':
                return Single(NftTokenKind.Close);
            case (byte)',':
                return Single(NftTokenKind.Comma);
            case (byte)'"':
                return Quoted();
            default:
                Position = EndOfWord(Position);
                Length = Position - Start;
                return Kind = NftTokenKind.Word;
        }
    }

    /// <summary>Goes back, so that the current token, a word, is read again.</summary>
    public void Back() => Position = Start;

    /// <summary>Whether the current token is this word.</summary>
    public readonly bool Is(ReadOnlySpan<byte> word) => Kind == NftTokenKind.Word && Value.SequenceEqual(word);

    /// <summary>Skips to the brace that closes a block, which becomes the current token; false if there is none.</summary>
    public bool SkipToClose()
    {
        int depth = 1;
        while (true)
        {
            int next = _text[Position..].IndexOfAny(s_inBlock);
            if (next < 0)
            {
                Position = _text.Length;
                return false;
            }

            Position += next;
            switch (_text[Position])
            {
                case (byte)'"':
                    Quoted();
                    continue;
                case (byte)'#':
                    SkipSpace();
                    continue;
                case (byte)'\n':
                    Line++;
                    break;
                default:
                    depth += _text[Position] == '{' ? 1 : -1;
                    break;
            }

            Position++;
            if (depth == 0)
            {
                Start = Position - 1;
                Kind = NftTokenKind.Close;
                return true;
            }
        }
    }

    private NftTokenKind Single(NftTokenKind kind)
    {
        Position++;
        return Kind = kind;
    }

    private NftTokenKind Quoted()
    {
        Start = Position + 1;
        Length = _text[Start..].IndexOf((byte)'"');
        if (Length < 0)
        {
            throw new RuleTextException(Line, "a quote is not closed");
        }

        Position = Start + Length + 1;
        Line += Value.Count((byte)'\n');
        return Kind = NftTokenKind.Quoted;
    }

    /// <summary>A plain loop: words are too short for a vectorized search to be faster.</summary>
    private readonly int EndOfWord(int position)
    {
        ReadOnlySpan<byte> all = _text;
        while (position < all.Length
            && all[position] is not ((byte)' ' or (byte)',' or (byte)';' or (byte)'\n' or (byte)'\t' or (byte)'\r' or (byte)'{' or (byte)'}' or (byte)'"' or (byte)'#'))
        {
            position++;
        }

        return position;
    }

    private void SkipSpace()
    {
        while (Position < _text.Length)
        {
            byte character = _text[Position];
            if (character is (byte)' ' or (byte)'\t' or (byte)'\r')
            {
                Position++;
            }
            else if (character == (byte)'#')
            {
                int rest = _text[Position..].IndexOf((byte)'\n');
                Position = rest < 0 ? _text.Length : Position + rest;
            }
            else if (character == (byte)'\\' && _text[Position..].StartsWith("\\\n"u8))
            {
                Position += 2;
                Line++;
            }
            else
            {
                return;
            }
        }
    }
}

/// <summary>What a token of nft's language is.</summary>
internal enum NftTokenKind : byte
{
    /// <summary>The end of the text.</summary>
    End,

    /// <summary>The end of a line.</summary>
    NewLine,

    /// <summary><c>;</c></summary>
    Semicolon,

    /// <summary><c>{</c></summary>
    Open,

    /// <summary><c>}</c></summary>
    Close,

    /// <summary><c>,</c></summary>
    Comma,

    /// <summary>Characters up to a space or one of the above: a keyword, a name, a value, an operator.</summary>
    Word,

    /// <summary>A word between quotes.</summary>
    Quoted,
}
