namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Reads a stream line by line, and keeps the text since a mark.</summary>
/// <param name="stream">The text.</param>
/// <param name="linesBefore">The number of lines of the input before it.</param>
internal sealed class LineBuffer(Stream stream, int linesBefore)
{
    private bool _hasBegun;
    private byte[] _buffer = new byte[64 * 1024];
    private int _length;
    private int _mark;
    private int _start;
    private int _next;
    private bool _isAtEnd;

    /// <summary>The number of the current line, from 1.</summary>
    public int Number { get; private set; } = linesBefore;

    /// <summary>The number of the line at the mark.</summary>
    public int MarkNumber { get; private set; }

    /// <summary>The current line without its end. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Line
    {
        get
        {
            ReadOnlySpan<byte> line = _buffer.AsSpan(_start, _next - _start);
            return line.EndsWith("\n"u8) ? line[..^1] : line;
        }
    }

    /// <summary>The text from the mark up to the current line, which is not part of it. Valid until the next call.</summary>
    public ReadOnlyMemory<byte> Marked => _buffer.AsMemory(_mark, _start - _mark);

    /// <summary>The same with the current line.</summary>
    public ReadOnlyMemory<byte> MarkedWithLine => _buffer.AsMemory(_mark, _next - _mark);

    /// <summary>Sets the mark before the current line.</summary>
    public void Mark()
    {
        _mark = _start;
        MarkNumber = Number;
    }

    /// <summary>Advances to the next line.</summary>
    /// <returns>Whether there is one; at the end the current line is empty.</returns>
    public bool MoveNext()
    {
        if (_next > _start || !_hasBegun)
        {
            _hasBegun = true;
            Number++;
        }

        _start = _next;
        int searched = _start;
        while (true)
        {
            int end = _buffer.AsSpan(searched, _length - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                _next = searched + end + 1;
                return true;
            }

            searched = _length;
            int shift = Fill();
            searched -= shift;
            if (_isAtEnd)
            {
                _next = _length;
                return _next > _start;
            }
        }
    }

    /// <summary>All text from the mark on, with what has not been read yet.</summary>
    /// <param name="prefix">What comes before it.</param>
    public Stream RestFromMark(ReadOnlySpan<byte> prefix) =>
        new PeekedStream([.. prefix, .. _buffer.AsSpan(_mark, _length - _mark)], stream);

    /// <summary>Reads more.</summary>
    /// <returns>By how much the text has moved towards the beginning of the buffer.</returns>
    private int Fill()
    {
        int shift = _mark;
        if (shift > 0)
        {
            _buffer.AsSpan(shift, _length - shift).CopyTo(_buffer);
            _length -= shift;
            _start -= shift;
            _mark = 0;
        }

        if (_length == _buffer.Length)
        {
            if (_length >= DocumentLimits.MaxObjectLength)
            {
                throw new DocumentException(0, "", $"holds an object of more than {DocumentLimits.MaxObjectLength} characters");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        int read = stream.Read(_buffer, _length, _buffer.Length - _length);
        _length += read;
        _isAtEnd = read == 0;
        return shift;
    }
}
