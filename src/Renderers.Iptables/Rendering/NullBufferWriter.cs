using System.Buffers;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <summary>Takes text that is only written to count its rules.</summary>
internal sealed class NullBufferWriter : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[16 * 1024];

    public void Advance(int count)
    {
        // The next text comes to the same place.
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
