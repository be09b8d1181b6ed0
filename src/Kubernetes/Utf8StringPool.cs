using System.Text;

namespace KubeProxySharp.Kubernetes;

/// <summary>
/// Shares the strings that repeat in a cluster (namespaces, node names, zones, port names), found by their UTF-8 bytes
/// so that a repeated one costs no allocation. Bounded: when full, further strings are simply not shared.
/// </summary>
public sealed class Utf8StringPool
{
    private const int MaxPooledLength = 253;
    private const int MaxCount = 1 << 20;

    private int[] _buckets = new int[256];
    private Slot[] _slots = new Slot[256];
    private int _count;

    /// <summary>The string with these bytes.</summary>
    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        if (utf8.Length > MaxPooledLength || !Ascii.IsValid(utf8))
        {
            return Encoding.UTF8.GetString(utf8);
        }

        uint hash = Hash(utf8);
        for (int index = _buckets[hash & (_buckets.Length - 1)] - 1; index >= 0; index = _slots[index].Next)
        {
            if (_slots[index].Hash == hash && Ascii.Equals(utf8, _slots[index].Text))
            {
                return _slots[index].Text;
            }
        }

        string text = Encoding.ASCII.GetString(utf8);
        if (_count < MaxCount)
        {
            Add(text, hash);
        }

        return text;
    }

    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        HashCode hash = default;
        hash.AddBytes(utf8);
        return (uint)hash.ToHashCode();
    }

    private void Add(string text, uint hash)
    {
        if (_count == _slots.Length)
        {
            Grow();
        }

        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        _slots[_count] = new Slot(text, hash, bucket - 1);
        bucket = ++_count;
    }

    private void Grow()
    {
        Array.Resize(ref _slots, _count * 2);
        _buckets = new int[_slots.Length];
        for (int index = 0; index < _count; index++)
        {
            ref int bucket = ref _buckets[_slots[index].Hash & (_buckets.Length - 1)];
            _slots[index] = _slots[index] with { Next = bucket - 1 };
            bucket = index + 1;
        }
    }

    private readonly record struct Slot(string Text, uint Hash, int Next);
}
