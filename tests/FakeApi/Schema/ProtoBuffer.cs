using System.Text;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>A growing buffer for protobuf; nested messages are written in place, and their lengths inserted afterwards.</summary>
internal sealed class ProtoBuffer
{
    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public byte[] ToArray() => Written.ToArray();

    public void Varint(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            _bytes[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[Length++] = (byte)value;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Bytes(uint key, ReadOnlySpan<byte> bytes)
    {
        Varint(key);
        Varint((ulong)bytes.Length);
        Raw(bytes);
    }

    public void Text(uint key, string text)
    {
        int start = Begin(key);
        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(Length));
        End(start);
    }

    /// <summary>Begins a nested message; the result is for <see cref="End"/>.</summary>
    public int Begin(uint key)
    {
        Varint(key);
        Reserve(1);
        return ++Length;
    }

    public void End(int start)
    {
        int size = Length - start;
        int extra = VarintSize((uint)size) - 1;
        if (extra > 0)
        {
            Reserve(extra);
            _bytes.AsSpan(start, size).CopyTo(_bytes.AsSpan(start + extra));
        }

        Length = start - 1;
        Varint((ulong)size);
        Length += size;
    }

    public static int VarintSize(uint value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        < 1 << 28 => 4,
        _ => 5,
    };

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }
    }
}
