using System.Runtime.CompilerServices;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// Reads the fields of one protobuf message in place: nothing is copied, and a field that is skipped costs no more than its
/// length prefix. Keys are returned whole, <c>(number &lt;&lt; 3) | wire type</c>, as the tables of the wire notes (1.7) list
/// them; a known number with an unexpected wire type is thus an unknown field.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private const int Fixed64Length = 8;
    private const int Fixed32Length = 4;

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Reads the next key.</summary>
    /// <returns>False at the end of the message.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadKey(out uint key)
    {
        if (_rest.IsEmpty)
        {
            key = 0;
            return false;
        }

        key = _rest[0];
        if (key is >= 8 and < 0x80)
        {
            _rest = _rest[1..];
            return true;
        }

        key = ReadLongKey();
        return true;
    }

    /// <summary>A variable-length integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        if (!_rest.IsEmpty && _rest[0] < 0x80)
        {
            ulong value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        return ReadLongVarint();
    }

    public bool ReadBoolean() => ReadVarint() != 0;

    /// <summary>An integer of 32 bits; a negative one comes as ten bytes.</summary>
    public int ReadInt32() => unchecked((int)ReadVarint());

    /// <summary>A text, a byte string or a nested message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> ReadBytes()
    {
        ulong length = ReadVarint();
        if (length > (ulong)_rest.Length)
        {
            ThrowTruncated();
        }

        ReadOnlySpan<byte> bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return bytes;
    }

    /// <summary>Skips the value of a field.</summary>
    public void Skip(uint key)
    {
        switch (key & 7)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                SkipFixed(Fixed64Length);
                break;
            case 2:
                ReadBytes();
                break;
            case 5:
                SkipFixed(Fixed32Length);
                break;
            default:
                throw new WireException($"field {key >> 3} has wire type {key & 7}, which the API does not use");
        }
    }

    private static void ThrowTruncated() => throw new WireException("a value is longer than the message that holds it");

    private uint ReadLongKey()
    {
        ulong value = ReadVarint();
        return value is >= 8 and <= uint.MaxValue ? (uint)value : throw new WireException("a field number is out of range");
    }

    private ulong ReadLongVarint()
    {
        ulong value = 0;
        for (int index = 0; index < 10; index++)
        {
            if (index >= _rest.Length)
            {
                ThrowTruncated();
            }

            byte part = _rest[index];
            value |= (ulong)(part & 0x7f) << (7 * index);
            if (part < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return value;
            }
        }

        throw new WireException("an integer is longer than ten bytes");
    }

    private void SkipFixed(int length)
    {
        if (_rest.Length < length)
        {
            ThrowTruncated();
        }

        _rest = _rest[length..];
    }
}

/// <summary>A response of the API server violates its format. The readers here throw no other exception for bad input.</summary>
/// <param name="reason">The problem, as a sentence without a full stop.</param>
/// <param name="inner">The exception of the underlying reader, if there is one.</param>
public sealed class WireException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>Limits of what is read from the API server, so that a broken or hostile server cannot exhaust the node's memory.</summary>
internal static class WireLimits
{
    /// <summary>The longest watch frame or list item in bytes; client-go has the same limit for frames (wire notes 1.4).</summary>
    public const int MaxObjectLength = 16 * 1024 * 1024;

    /// <summary>The most elements of one repeated field. The API server allows 1000 endpoints in a slice.</summary>
    public const int MaxElements = 65_536;
}

/// <summary>Adds to the scratch lists of the decoders within <see cref="WireLimits.MaxElements"/>.</summary>
internal static class BoundedList
{
    /// <summary>Adds an element.</summary>
    /// <exception cref="WireException">There are too many.</exception>
    public static void Append<T>(List<T> list, T item)
    {
        if (list.Count == WireLimits.MaxElements)
        {
            throw new WireException($"a list has more than {WireLimits.MaxElements} elements");
        }

        list.Add(item);
    }
}
