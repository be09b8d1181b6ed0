using System.Buffers;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <summary>Discards text that is rendered only to count its rules.</summary>
internal sealed class NullBufferWriter : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[16 * 1024];

    public void Advance(int count)
    {
        // The same memory is used for the next text.
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (sizeHint > _buffer.Length)
        {
            _buffer = new byte[sizeHint];
        }

        return _buffer;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
