using System.Buffers;
using System.Text;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>Writes one protobuf message. Empty texts are left out, as proto3 does; used for small, rare messages.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    /// <summary>What has been written.</summary>
    public ReadOnlyMemory<byte> Message => _buffer.WrittenMemory;

    /// <summary>Bytes without a key, such as a magic.</summary>
    public WireWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        return this;
    }

    /// <summary>A text field.</summary>
    public WireWriter Text(int number, string text) => text.Length == 0 ? this : Bytes(number, Encoding.UTF8.GetBytes(text));

    /// <summary>A nested message.</summary>
    public WireWriter Nested(int number, WireWriter message) => Bytes(number, message.Message.Span);

    /// <summary>A number field.</summary>
    public WireWriter Number(int number, long value)
    {
        Varint((uint)number << 3);
        Varint(unchecked((ulong)value));
        return this;
    }

    private WireWriter Bytes(int number, ReadOnlySpan<byte> bytes)
    {
        Varint(((uint)number << 3) | 2);
        Varint((ulong)bytes.Length);
        return Raw(bytes);
    }

    private void Varint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        int length = 0;
        while (value >= 0x80)
        {
            bytes[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[length++] = (byte)value;
        _buffer.Write(bytes[..length]);
    }
}
