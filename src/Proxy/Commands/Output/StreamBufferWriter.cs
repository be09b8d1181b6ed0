using System.Buffers;

namespace KubeProxySharp.Proxy.Commands.Output;

/// <summary>Collects what is written in one buffer and passes it on to a stream whenever that is full.</summary>
/// <param name="stream">Where the bytes go; stays open.</param>
internal sealed class StreamBufferWriter(Stream stream) : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[256 * 1024];
    private int _length;

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_length);
    }

    /// <summary>Passes everything on.</summary>
    public void Flush()
    {
        stream.Write(_buffer, 0, _length);
        stream.Flush();
        _length = 0;
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _length >= Math.Max(size, 1))
        {
            return;
        }

        stream.Write(_buffer, 0, _length);
        _length = 0;
        if (_buffer.Length < size)
        {
            _buffer = new byte[size];
        }
    }
}
