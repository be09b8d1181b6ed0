using System.Text;

namespace KubeProxySharp.Kubernetes;

/// <summary>
/// Shares the strings that repeat in a cluster (namespaces, node names, zones, port names), found by their UTF-8 bytes
/// so that a repeated one costs no allocation. The pool is bounded: a string that was not requested while many new ones were
/// added is dropped, as names of Services and nodes come and go. A dropped string is correct, only no longer shared.
/// </summary>
public sealed class Utf8StringPool
{
    private const int MaxPooledLength = 253;

    /// <summary>Number of new strings after which those that were not requested meanwhile are dropped.</summary>
    private const int GenerationSize = 1 << 15;

    private Generation _current = new();
    private Generation _previous = new();

    /// <summary>Number of pooled strings; at most twice the size of a generation.</summary>
    internal int Count => _current.Count + _previous.Count;

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
        if (_current.Find(utf8, hash) is { } known)
        {
            return known;
        }

        string text = _previous.Find(utf8, hash) ?? Encoding.ASCII.GetString(utf8);
        if (_current.Count == GenerationSize)
        {
            _previous = _current;
            _current = new Generation();
        }

        _current.Add(text, hash);
        return text;
    }

    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        HashCode hash = default;
        hash.AddBytes(utf8);
        return (uint)hash.ToHashCode();
    }

    private sealed class Generation
    {
        private int[] _buckets = new int[256];
        private Slot[] _slots = new Slot[256];

        public int Count { get; private set; }

        public string? Find(ReadOnlySpan<byte> utf8, uint hash)
        {
            for (int index = _buckets[hash & (_buckets.Length - 1)] - 1; index >= 0; index = _slots[index].Next)
            {
                if (_slots[index].Hash == hash && Ascii.Equals(utf8, _slots[index].Text))
                {
                    return _slots[index].Text;
                }
            }

            return null;
        }

        public void Add(string text, uint hash)
        {
            if (Count == _slots.Length)
            {
                Grow();
            }

            ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
            _slots[Count] = new Slot(text, hash, bucket - 1);
            bucket = ++Count;
        }

        private void Grow()
        {
            Array.Resize(ref _slots, Count * 2);
            _buckets = new int[_slots.Length];
            for (int index = 0; index < Count; index++)
            {
                ref int bucket = ref _buckets[_slots[index].Hash & (_buckets.Length - 1)];
                _slots[index] = _slots[index] with { Next = bucket - 1 };
                bucket = index + 1;
            }
        }
    }

    private readonly record struct Slot(string Text, uint Hash, int Next);
}
