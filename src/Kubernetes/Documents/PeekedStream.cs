namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>A forward-only stream whose beginning can be inspected, and whose total length is limited.</summary>
internal sealed class PeekedStream : Stream
{
    private readonly Stream _inner;
    private readonly byte[] _start;
    private readonly int _startLength;
    private int _position;
    private long _total;

    /// <summary>Reads the beginning of a stream, without the byte order mark if there is one.</summary>
    /// <param name="inner">The stream.</param>
    /// <param name="length">The length of the beginning, in bytes.</param>
    public PeekedStream(Stream inner, int length)
    {
        _inner = inner;
        _start = new byte[length];
        _startLength = inner.ReadAtLeast(_start, length, throwOnEndOfStream: false);
        _position = Start.StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    /// <summary>Puts a beginning before what is left of a stream.</summary>
    /// <param name="start">The beginning.</param>
    /// <param name="inner">The stream.</param>
    public PeekedStream(byte[] start, Stream inner)
    {
        _inner = inner;
        _start = start;
        _startLength = start.Length;
    }

    /// <summary>What has not been read of the beginning.</summary>
    public ReadOnlySpan<byte> Start => _start.AsSpan(_position, _startLength - _position);

    /// <summary>Whether nothing comes after the beginning.</summary>
    public bool IsWholeAtHand => _startLength < _start.Length;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!Start.IsEmpty)
        {
            int length = Math.Min(buffer.Length, Start.Length);
            Start[..length].CopyTo(buffer);
            _position += length;
            return length;
        }

        int read = _inner.Read(buffer);
        _total += read;
        return _total > DocumentLimits.MaxStreamLength
            ? throw new DocumentException(0, "", $"is longer than {DocumentLimits.MaxStreamLength} bytes")
            : read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
