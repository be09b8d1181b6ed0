using System.Buffers;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>
/// Passes rendered text on line by line, so that no more than a line of it is kept: at 10,000 Services the whole text is tens
/// of megabytes.
/// </summary>
/// <param name="take">Takes a line, without its end.</param>
internal sealed class LineSplitter(LineHandler take) : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[8192];
    private int _length;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        int searched = _length;
        _length += count;
        int start = 0;
        for (int found; (found = _buffer.AsSpan(searched, _length - searched).IndexOf((byte)'\n')) >= 0; searched = start)
        {
            take(_buffer.AsSpan(start, searched + found - start));
            start = searched + found + 1;
        }

        if (start != 0)
        {
            _length -= start;
            _buffer.AsSpan(start, _length).CopyTo(_buffer);
        }
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int least = Math.Max(sizeHint, 1);
        if (_buffer.Length - _length < least)
        {
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + least));
        }

        return _buffer.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
