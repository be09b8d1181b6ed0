using System.Buffers;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Goes through a text that is written again, line by line, and keeps nothing of it by itself.</summary>
internal abstract class LineScanner : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>Number of the present line, from 1.</summary>
    protected int Line { get; private set; } = 1;

    /// <summary>Number of bytes of the present line that came before.</summary>
    protected int Column { get; private set; }

    public void Advance(int count)
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(0, count);
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> part = end < 0 ? rest : rest[..end];
            Take(part);
            Column += part.Length;
            if (end < 0)
            {
                return;
            }

            EndLine();
            Line++;
            Column = 0;
            rest = rest[(end + 1)..];
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_buffer.Length < sizeHint)
        {
            _buffer = new byte[sizeHint];
        }

        return _buffer;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Takes the next part of the present line; one line may come in several.</summary>
    protected abstract void Take(ReadOnlySpan<byte> part);

    /// <summary>The present line has ended.</summary>
    protected abstract void EndLine();
}
