using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>
/// Goes through JSON, and past most of it without looking closer than at brackets and quotes. That is a tenth of the time
/// that reading all of it takes, and the most of a listing concerns no packet that is asked about.
/// </summary>
/// <param name="json">The text.</param>
internal ref struct NftJsonLexer(ReadOnlySpan<byte> json)
{
    /// <summary>What nft prints is at most a third as deep.</summary>
    private const int MostLevels = 64;

    private readonly ReadOnlySpan<byte> _json = json;

    /// <summary>Where the next token begins, when spaces are skipped.</summary>
    public int Position { get; private set; }

    /// <summary>The next byte that is no space; 0 at the end.</summary>
    public byte Peek()
    {
        while (Position < _json.Length && _json[Position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            Position++;
        }

        return Position < _json.Length ? _json[Position] : (byte)0;
    }

    /// <summary>Goes past a byte if it is the next.</summary>
    public bool Skip(char expected)
    {
        bool isNext = Peek() == expected;
        Position += isNext ? 1 : 0;
        return isNext;
    }

    /// <summary>Goes past a byte that must come next.</summary>
    public void Expect(char expected)
    {
        if (!Skip(expected))
        {
            throw Error($"{expected} is expected");
        }
    }

    /// <summary>Goes past what separates entries; false at the end of the object or list.</summary>
    /// <param name="isFirst">Whether no entry came before.</param>
    /// <param name="close">The bracket that ends it.</param>
    public bool NextEntry(bool isFirst, char close)
    {
        if (Skip(close))
        {
            return false;
        }

        if (!isFirst)
        {
            Expect(',');
        }

        return true;
    }

    /// <summary>The name of a property, with the colon after it.</summary>
    public ReadOnlySpan<byte> Name()
    {
        ReadOnlySpan<byte> name = String();
        Expect(':');
        return name;
    }

    /// <summary>A string as it is written.</summary>
    public ReadOnlySpan<byte> String()
    {
        Expect('"');
        int start = Position;
        SkipString();
        return _json[start..(Position - 1)];
    }

    /// <summary>The text of a string.</summary>
    public static string Text(ReadOnlySpan<byte> written)
    {
        if (!written.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(written);
        }

        byte[] quoted = [(byte)'"', .. written, (byte)'"'];
        Utf8JsonReader reader = new(quoted);
        reader.Read();
        return reader.GetString() ?? "";
    }

    /// <summary>A number or another word without quotes.</summary>
    public ReadOnlySpan<byte> Word()
    {
        Peek();
        int start = Position;
        while (Position < _json.Length && _json[Position] is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'z') or (byte)'E' or (byte)'+' or (byte)'-' or (byte)'.')
        {
            Position++;
        }

        return Position != start ? _json[start..Position] : throw Error("a value is expected");
    }

    /// <summary>Goes past a value of any kind.</summary>
    public void SkipValue()
    {
        switch (Peek())
        {
            case (byte)'"':
                Position++;
                SkipString();
                break;
            case (byte)'{' or (byte)'[':
                SkipBrackets();
                break;
            default:
                Word();
                break;
        }
    }

    public readonly JsonException Error(string reason) =>
        new($"{reason} at byte {Position}", path: null, lineNumber: _json[..Math.Min(Position, _json.Length)].Count((byte)'\n'), bytePositionInLine: null);

    private void SkipBrackets()
    {
        ulong areLists = 0;
        int depth = 0;
        ReadOnlySpan<byte> text = _json;
        int position = Position;
        while (position < text.Length)
        {
            byte character = text[position++];
            switch (character)
            {
                case (byte)'"':
                    Position = position;
                    SkipString();
                    position = Position;
                    break;
                case (byte)'{' or (byte)'[':
                    areLists = (areLists << 1) | (character == '[' ? 1UL : 0);
                    depth++;
                    break;
                case (byte)'}' or (byte)']':
                    bool isWrong = (areLists & 1) != (character == ']' ? 1UL : 0) || depth > MostLevels;
                    areLists >>= 1;
                    depth--;
                    if (isWrong || depth == 0)
                    {
                        Position = isWrong ? position - 1 : position;
                        _ = isWrong ? throw Error("brackets do not match") : 0;
                        return;
                    }

                    break;
            }
        }

        Position = text.Length;
        throw Error("a bracket is not closed");
    }

    /// <summary>Goes past the quote that ends a string.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SkipString()
    {
        ReadOnlySpan<byte> text = _json;
        for (int position = Position; position < text.Length; position++)
        {
            byte character = text[position];
            if (character == '"')
            {
                Position = position + 1;
                return;
            }

            position += character == '\\' ? 1 : 0;
        }

        Position = text.Length;
        throw Error("a quote is not closed");
    }
}
