namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Passes YAML on without the blanks of empty lines at the beginning of a block scalar. YAML ignores such blanks unless they
/// are more than those of the first line with text (YAML 1.2, 8.1.1.1); the full parser refuses them.
/// </summary>
/// <param name="inner">The text.</param>
internal sealed class BlockScalarReader(TextReader inner) : TextReader
{
    /// <summary>A key is no longer than this, and a header comes after one.</summary>
    private const int MaxHeaderLength = 1100;

    private readonly char[] _line = new char[MaxHeaderLength];
    private int _lineLength;

    /// <summary>Whether nothing but empty lines came since the header of a block scalar.</summary>
    private bool _isAfterHeader;

    private int _blanks;
    private int _afterBlanks = -1;
    private int _peeked = -1;

    public override int Peek() => _peeked >= 0 ? _peeked : _peeked = Next();

    public override int Read()
    {
        int character = Peek();
        _peeked = -1;
        return character;
    }

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        for (int length = 0; length < buffer.Length; length++)
        {
            int character = Read();
            if (character < 0)
            {
                return length;
            }

            buffer[length] = (char)character;
        }

        return buffer.Length;
    }

    private int Next()
    {
        if (_blanks > 0)
        {
            _blanks--;
            return Noted(' ');
        }

        if (_afterBlanks >= 0)
        {
            int held = _afterBlanks;
            _afterBlanks = -1;
            return Noted(held);
        }

        int character = inner.Read();
        if (!_isAfterHeader)
        {
            return Noted(character);
        }

        int blanks = 0;
        for (; character == ' '; character = inner.Read())
        {
            blanks++;
        }

        if (character is '\n' or '\r')
        {
            return character;
        }

        _isAfterHeader = false;
        (_blanks, _afterBlanks) = (blanks, character);
        return character < 0 && blanks == 0 ? character : Next();
    }

    private int Noted(int character)
    {
        if (character is '\n' or '\r')
        {
            _isAfterHeader = _lineLength < MaxHeaderLength && IsHeader(_line.AsSpan(0, _lineLength));
            _lineLength = 0;
        }
        else if (character >= 0 && _lineLength < MaxHeaderLength)
        {
            _line[_lineLength++] = (char)character;
        }

        return character;
    }

    /// <summary>
    /// Whether a line ends with the header of a block scalar, which comes after a key, a minus, a tag or an anchor. With an
    /// indentation indicator, blanks are part of the text.
    /// </summary>
    private static bool IsHeader(ReadOnlySpan<char> line)
    {
        int comment = line.IndexOf(" #");
        ReadOnlySpan<char> text = (comment < 0 ? line : line[..comment]).TrimEnd(' ');
        if (text.Length > 0 && text[^1] is '+' or '-')
        {
            text = text[..^1];
        }

        if (text.Length == 0 || text[^1] is not ('|' or '>'))
        {
            return false;
        }

        ReadOnlySpan<char> before = text[..^1];
        ReadOnlySpan<char> word = before.TrimEnd(' ');
        if (word.Length == before.Length)
        {
            return false;
        }

        word = word[(word.LastIndexOf(' ') + 1)..];
        return word is [.., ':'] or "-" or "---" or "?" or ['!', ..] or ['&', ..];
    }
}
