using System.Buffers;

namespace KubeProxySharp.Proxy.Processes;

/// <summary>
/// Passes what is written on to a child process whenever a buffer is full, so that the child reads while the text is still
/// being made. When the child has died the rest is thrown away: its exit code and its error text say why.
/// </summary>
/// <param name="pipe">The child's standard input.</param>
internal sealed class ChildInput(Stream pipe) : IBufferWriter<byte>
{
    /// <summary>As much as a pipe takes without waiting for the reader.</summary>
    private const int Size = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private int _length;
    private bool _isBroken;

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Passes the rest on, and lets the child see the end of its input.</summary>
    public void Complete()
    {
        PassOn();
        try
        {
            pipe.Dispose();
        }
        catch (IOException)
        {
            // The child is gone.
            _isBroken = true;
        }
    }

    /// <summary>Gives the buffer back.</summary>
    public void Release()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _length >= size)
        {
            return;
        }

        PassOn();
        if (_buffer.Length < size)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(size);
        }
    }

    private void PassOn()
    {
        try
        {
            if (!_isBroken)
            {
                pipe.Write(_buffer, 0, _length);
            }
        }
        catch (IOException)
        {
            // Broken pipe: the child ended without reading everything.
            _isBroken = true;
        }

        _length = 0;
    }
}
