namespace KubeProxySharp.FakeApi.Schema;

/// <summary>Reads the fields of a message one by one; only varints and fields with a length occur (kubernetes-wire.md 1.5).</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public uint Key { get; private set; }

    /// <summary>The number of a varint field.</summary>
    public ulong Value { get; private set; }

    /// <summary>The bytes of a field with a length.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Advances to the next field.</summary>
    /// <exception cref="FormatException">The bytes end early or have another wire type.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Key = (uint)Varint();
        Content = default;
        Value = Varint();
        switch (Key & 7)
        {
            case 0:
                return true;
            case 2 when Value <= (ulong)_rest.Length:
                Content = _rest[..(int)Value];
                _rest = _rest[(int)Value..];
                return true;
            default:
                throw new FormatException($"protobuf: key {Key} with length {Value} does not fit {_rest.Length} bytes");
        }
    }

    /// <summary>The first field of that key inside this one's content, or an empty one.</summary>
    public readonly ProtoReader Find(uint key)
    {
        ProtoReader inner = new(Content);
        while (inner.Next())
        {
            if (inner.Key == key)
            {
                return inner;
            }
        }

        return default;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int index = 0; index < 10 && index < _rest.Length; index++)
        {
            value |= (ulong)(_rest[index] & 0x7f) << (7 * index);
            if (_rest[index] < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return value;
            }
        }

        throw new FormatException("protobuf: the bytes end inside a number");
    }
}
