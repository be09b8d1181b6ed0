using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// A node of a <see cref="FlatDocument"/>. The default value is a missing node, which reads as null: absent and null mean
/// the same in the Kubernetes API. Reading a value of the wrong type throws <see cref="DocumentException"/> with line and
/// path.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct DocumentNode
{
    private readonly FlatDocument? _document;
    private readonly int _index;

    internal DocumentNode(FlatDocument document, int index)
    {
        _document = document;
        _index = index;
    }

    /// <summary>The kind of the value.</summary>
    public DocumentKind Kind => _document is null ? DocumentKind.Null : _document[_index].Kind;

    /// <summary>Whether there is no value here.</summary>
    public bool IsNull => Kind == DocumentKind.Null;

    /// <summary>The line, from 1; 0 for a missing node.</summary>
    public int Line => _document is null ? 0 : _document[_index].Line;

    /// <summary>The path from the root, such as <c>spec.ports[0].name</c>.</summary>
    public string Path => _document is null ? "" : _document.PathOf(_index);

    /// <summary>The text of a scalar.</summary>
    public ReadOnlySpan<byte> Text => _document is null ? default : _document.TextOf(_document[_index]);

    /// <summary>The value of a key, or a missing node.</summary>
    public DocumentNode this[ReadOnlySpan<byte> key]
    {
        get
        {
            if (_document is null || !Is(DocumentKind.Mapping))
            {
                return default;
            }

            int end = _document[_index].End;
            DocumentNode found = default;
            for (int child = _index + 1; child < end; child = _document[child + 1].End)
            {
                if (!_document.TextOf(_document[child]).SequenceEqual(key))
                {
                    continue;
                }

                found = new(_document, child + 1);
                if (_document.RepeatedKeys.Count == 0)
                {
                    break;
                }
            }

            return found;
        }
    }

    /// <summary>The elements of a list; none for null.</summary>
    public Enumerable Elements => Is(DocumentKind.Sequence) ? new(this, stride: 1) : default;

    /// <summary>The values of a mapping in order; their keys are read with <see cref="Key"/>. None for null.</summary>
    public Enumerable Members => Is(DocumentKind.Mapping) ? new(this, stride: 2) : default;

    /// <summary>The key of a node that <see cref="Members"/> gave.</summary>
    public string Key => _document is null ? "" : Encoding.UTF8.GetString(_document.TextOf(_document[_index - 1]));

    /// <summary>Number of elements of a list; 0 for null.</summary>
    public int CountElements()
    {
        int count = 0;
        foreach (DocumentNode _ in Elements)
        {
            count++;
        }

        return count;
    }

    /// <summary>A text; <paramref name="missing"/> for null.</summary>
    public string AsString(string missing) => Is(DocumentKind.Text) ? Encoding.UTF8.GetString(Text) : missing;

    /// <summary>A boolean, or null.</summary>
    public bool? AsBoolean() => Is(DocumentKind.Boolean) ? Text[0] is (byte)'t' or (byte)'T' : null;

    /// <summary>A whole number of 32 bits, or null.</summary>
    public int? AsInt32()
    {
        if (!Is(DocumentKind.Number))
        {
            return null;
        }

        return TryParseInteger(Text, out long value) && value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw Wrong($"\"{Encoding.UTF8.GetString(Text)}\" is not a whole number of 32 bits");
    }

    /// <summary>A number, or null.</summary>
    public double? AsDouble()
    {
        if (!Is(DocumentKind.Number))
        {
            return null;
        }

        return Utf8Parser.TryParse(Text, out double value, out int consumed) && consumed == Text.Length
            ? value
            : throw Wrong($"\"{Encoding.UTF8.GetString(Text)}\" is not a number");
    }

    /// <summary>Whether the node has this kind; false for null, an exception for any other kind.</summary>
    public bool Is(DocumentKind kind)
    {
        DocumentKind actual = Kind;
        if (actual == kind)
        {
            return true;
        }

        return actual == DocumentKind.Null
            ? false
            : throw Wrong($"is {Describe(actual)}, not {Describe(kind)}{Hint(kind)}");
    }

    /// <summary>Makes an exception with the line and the path of this node.</summary>
    public DocumentException Wrong(string reason) => new(Line, Path, reason);

    private static bool TryParseInteger(ReadOnlySpan<byte> text, out long value)
    {
        bool isNegative = !text.IsEmpty && text[0] == (byte)'-';
        ReadOnlySpan<byte> digits = text[(!text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? 1 : 0)..];
        int consumed;
        int prefix = 0;
        bool isParsed;
        if (digits.StartsWith("0x"u8))
        {
            prefix = 2;
            isParsed = Utf8Parser.TryParse(digits[2..], out value, out consumed, 'x');
        }
        else if (digits.Length > 1 && digits[0] == (byte)'0' && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'7') < 0)
        {
            // YAML 1.1, which Kubernetes tools read: a leading zero means octal.
            return TryParseOctal(digits, out value);
        }
        else
        {
            isParsed = Utf8Parser.TryParse(digits, out value, out consumed);
        }

        value = isNegative ? -value : value;
        return isParsed && consumed + prefix == digits.Length;
    }

    private static bool TryParseOctal(ReadOnlySpan<byte> digits, out long value)
    {
        value = 0;
        foreach (byte digit in digits)
        {
            value = (value * 8) + (digit - '0');
            if (value > uint.MaxValue)
            {
                return false;
            }
        }

        return true;
    }

    private static string Describe(DocumentKind kind) => kind switch
    {
        DocumentKind.Boolean => "a boolean",
        DocumentKind.Number => "a number",
        DocumentKind.Text => "a text",
        DocumentKind.Sequence => "a list",
        DocumentKind.Mapping => "a mapping",
        _ => "null",
    };

    private string Hint(DocumentKind wanted) =>
        wanted == DocumentKind.Text && Kind is DocumentKind.Number or DocumentKind.Boolean
            ? $"; write \"{Encoding.UTF8.GetString(Text)}\" in quotes"
            : "";

    /// <summary>Elements of a list or members of a mapping, for <c>foreach</c>.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly struct Enumerable
    {
        private readonly DocumentNode _parent;
        private readonly int _stride;

        internal Enumerable(DocumentNode parent, int stride)
        {
            _parent = parent;
            _stride = stride;
        }

        /// <summary>Starts the enumeration.</summary>
        public Enumerator GetEnumerator() => new(_parent, _stride);
    }

    /// <summary>Enumerates elements or members.</summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Enumerator
    {
        private readonly FlatDocument? _document;
        private readonly int _end;
        private readonly int _stride;
        private int _current;
        private int _next;

        internal Enumerator(DocumentNode parent, int stride)
        {
            _document = parent._document;
            _stride = stride;
            _end = _document is null ? 0 : _document[parent._index].End;
            _next = _document is null ? 0 : parent._index + stride;
        }

        /// <summary>The current node.</summary>
        public readonly DocumentNode Current => new(_document!, _current); // read only after MoveNext has returned true

        /// <summary>Advances to the next node.</summary>
        public bool MoveNext()
        {
            if (_document is null || _next >= _end)
            {
                return false;
            }

            _current = _next;
            _next = _document[_current].End + _stride - 1;
            return true;
        }
    }
}

/// <summary>The kinds of nodes of a YAML or JSON document.</summary>
public enum DocumentKind : byte
{
    /// <summary>No value.</summary>
    Null,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A number, kept as its text.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list.</summary>
    Sequence,

    /// <summary>Keys with values; a key is a node of kind <see cref="Text"/> followed by its value.</summary>
    Mapping,
}
