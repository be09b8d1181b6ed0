using System.Runtime.InteropServices;
using System.Text;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// A document as a flat list of nodes in reading order, with their texts in one buffer: there is no object per node, and the
/// storage is reused for the next document.
/// </summary>
public sealed class FlatDocument
{
    private readonly List<Entry> _entries = [];
    private readonly List<int> _open = [];
    private readonly List<DocumentException> _repeatedKeys = [];
    private readonly List<DocumentException> _unsupported = [];
    private byte[] _text = new byte[4096];
    private int _textLength;

    /// <summary>The root, which is null for an empty document.</summary>
    public DocumentNode Root => _entries.Count == 0 ? default : new(this, 0);

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>
    /// Whether a key may be given twice in a mapping: the last value is used then, and <see cref="RepeatedKeys"/> has the key.
    /// Off by default: a repeated key is an error.
    /// </summary>
    public bool ToleratesRepeatedKeys { get; init; }

    /// <summary>The keys that were given twice, when that is tolerated.</summary>
    public IReadOnlyList<DocumentException> RepeatedKeys => _repeatedKeys;

    /// <summary>Unsupported parts of the document, which are errors only if the document is needed.</summary>
    public IReadOnlyList<DocumentException> Unsupported => _unsupported;

    /// <summary>Removes the content and keeps the storage.</summary>
    public void Clear()
    {
        _entries.Clear();
        _open.Clear();
        _repeatedKeys.Clear();
        _unsupported.Clear();
        _textLength = 0;
    }

    internal void AddUnsupported(DocumentException problem) => _unsupported.Add(problem);

    internal int Count => _entries.Count;

    internal ref readonly Entry this[int index] => ref CollectionsMarshal.AsSpan(_entries)[index];

    internal ReadOnlySpan<byte> TextOf(in Entry entry) => _text.AsSpan(entry.TextStart, entry.TextLength);

    internal void Begin(DocumentKind kind, int line)
    {
        if (_open.Count == DocumentLimits.MaxDepth)
        {
            throw new DocumentException(line, "", $"is nested deeper than {DocumentLimits.MaxDepth} levels");
        }

        _open.Add(_entries.Count);
        Add(new Entry(kind, line, _textLength, 0, 0));
    }

    internal void End()
    {
        int index = _open[^1];
        _open.RemoveAt(_open.Count - 1);
        ref Entry entry = ref CollectionsMarshal.AsSpan(_entries)[index];
        entry = entry with { End = _entries.Count };
        if (entry.Kind == DocumentKind.Mapping)
        {
            RefuseRepeatedKeys(index);
        }
    }

    internal void AddScalar(DocumentKind kind, ReadOnlySpan<byte> utf8, int line)
    {
        utf8.CopyTo(Room(utf8.Length));
        Add(new Entry(kind, line, _textLength, utf8.Length, _entries.Count + 1));
        _textLength += utf8.Length;
    }

    internal void AddScalar(DocumentKind kind, ReadOnlySpan<char> text, int line)
    {
        Span<byte> room = Room(Encoding.UTF8.GetMaxByteCount(text.Length));
        int length = Encoding.UTF8.GetBytes(text, room);
        Add(new Entry(kind, line, _textLength, length, _entries.Count + 1));
        _textLength += length;
    }

    /// <summary>Appends a copy of a node of another document with all nodes below it.</summary>
    internal void AddCopy(FlatDocument source, int index)
    {
        int shift = _entries.Count - index;
        int end = source[index].End;
        for (; index < end; index++)
        {
            Entry entry = source[index];
            ReadOnlySpan<byte> text = source.TextOf(entry);
            text.CopyTo(Room(text.Length));
            Add(entry with { TextStart = _textLength, End = entry.End + shift });
            _textLength += text.Length;
        }
    }

    /// <summary>The path of a node as field references write it: <c>spec.ports[0].name</c>.</summary>
    internal string PathOf(int target)
    {
        StringBuilder path = new();
        int index = 0;
        while (index != target && EndOf(index) > index + 1)
        {
            int child = index + 1;
            int position = 0;
            if (_entries[index].Kind == DocumentKind.Sequence)
            {
                while (EndOf(child) <= target)
                {
                    child = _entries[child].End;
                    position++;
                }

                path.Append('[').Append(position).Append(']');
                index = child;
                continue;
            }

            while (child + 1 < _entries.Count && EndOf(child + 1) <= target)
            {
                child = _entries[child + 1].End;
            }

            if (path.Length != 0)
            {
                path.Append('.');
            }

            path.Append(Encoding.UTF8.GetString(TextOf(_entries[child])));
            if (target == child)
            {
                break;
            }

            index = child + 1;
        }

        return path.ToString();
    }

    /// <summary>The end of a node; for an open one the end of what has been read.</summary>
    private int EndOf(int index) => _entries[index].End == 0 ? _entries.Count : _entries[index].End;

    private void Add(Entry entry)
    {
        if (_entries.Count == DocumentLimits.MaxNodes)
        {
            throw new DocumentException(entry.Line, "", $"has more than {DocumentLimits.MaxNodes} values");
        }

        _entries.Add(entry);
    }

    private Span<byte> Room(int size)
    {
        if (_text.Length - _textLength < size)
        {
            if (_textLength + (long)size > 4L * DocumentLimits.MaxObjectLength)
            {
                throw new DocumentException(0, "", $"holds more than {4 * DocumentLimits.MaxObjectLength} bytes of text");
            }

            Array.Resize(ref _text, Math.Max(_text.Length * 2, _textLength + size));
        }

        return _text.AsSpan(_textLength);
    }

    private void RefuseRepeatedKeys(int mapping)
    {
        int end = _entries[mapping].End;
        HashSet<string>? many = null;
        int seen = 0;
        for (int key = mapping + 1; key < end; key = _entries[key + 1].End)
        {
            bool isRepeated = seen++ < 32
                ? IsBefore(mapping, key)
                : !(many ??= KeysBefore(mapping, key)).Add(Encoding.UTF8.GetString(TextOf(_entries[key])));
            if (!isRepeated)
            {
                continue;
            }

            DocumentException problem = new(_entries[key].Line, PathOf(key), "is given twice");
            if (!ToleratesRepeatedKeys)
            {
                throw problem;
            }

            _repeatedKeys.Add(problem);
        }
    }

    private bool IsBefore(int mapping, int key)
    {
        ReadOnlySpan<byte> text = TextOf(_entries[key]);
        for (int other = mapping + 1; other < key; other = _entries[other + 1].End)
        {
            if (TextOf(_entries[other]).SequenceEqual(text))
            {
                return true;
            }
        }

        return false;
    }

    private HashSet<string> KeysBefore(int mapping, int key)
    {
        HashSet<string> keys = new(StringComparer.Ordinal);
        for (int other = mapping + 1; other < key; other = _entries[other + 1].End)
        {
            keys.Add(Encoding.UTF8.GetString(TextOf(_entries[other])));
        }

        return keys;
    }

    /// <summary>A node.</summary>
    /// <param name="Kind">The kind of its value.</param>
    /// <param name="Line">Its line, from 1.</param>
    /// <param name="TextStart">Where its text begins.</param>
    /// <param name="TextLength">The length of its text in bytes.</param>
    /// <param name="End">The index after the last node below it.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Entry(DocumentKind Kind, int Line, int TextStart, int TextLength, int End);
}
