using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Reads a stream of YAML documents. Documents and elements of a top-level <c>items</c> that are written the way kubectl
/// prints them are read as <see cref="BlockYaml"/>, which is many times faster than the whole parser; each one that is not
/// goes to that, and where an element cannot be understood by itself, so does all that follows.
/// </summary>
/// <param name="builder">Receives the tokens.</param>
internal sealed class YamlDocumentReader(DocumentBuilder builder)
{
    /// <summary>A document or an element that is larger is left to the whole parser, which reads without keeping the text.</summary>
    private const int MaxBlockLength = 1024 * 1024;

    private const int BufferSize = 64 * 1024;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private readonly YamlTaker _taker = new(builder);
    private readonly BlockYaml _block = new();

    /// <summary>Reads all of it.</summary>
    public void Read(PeekedStream stream)
    {
        // UTF-16 begins with a mark, which the reader of the whole text knows.
        if (!stream.Start.IsEmpty && stream.Start[0] is 0 or >= 0x80)
        {
            ReadWhole(stream);
            return;
        }

        LineBuffer lines = new(stream);
        bool hasLine = lines.MoveNext();
        while (hasLine)
        {
            lines.Mark();
            hasLine = ReadDocument(lines);
        }
    }

    /// <summary>Reads a stream by the whole parser alone.</summary>
    public void ReadWhole(Stream stream)
    {
        using StreamReader text = new(stream, s_utf8, detectEncodingFromByteOrderMarks: true, BufferSize);
        TakeAll(new(new BoundedTextReader(text, builder), 0), 0, 0);
    }

    /// <summary>Reads a document from the mark, at the current line, up to the beginning of the next.</summary>
    /// <returns>Whether there is one.</returns>
    private bool ReadDocument(LineBuffer lines)
    {
        int marker = 0;
        bool hasLine = true;
        if (IsMarker(lines.Line, "---"u8))
        {
            if (lines.Line.TrimEnd((byte)' ').Length != 3)
            {
                return ReadRest(lines, "", 0);
            }

            marker = lines.Line.Length + 1;
            hasLine = lines.MoveNext();
        }

        while (hasLine && !IsMarker(lines.Line, "---"u8))
        {
            if (IsSpecial(lines.Line) || lines.Marked.Length > MaxBlockLength)
            {
                return ReadRest(lines, "", 0);
            }

            bool isList = lines.Line.SequenceEqual("items:"u8);
            hasLine = lines.MoveNext();
            int indent = isList ? IndentOf(lines.Line) : -1;
            if (indent >= 0 && IsElementAt(lines.Line, indent))
            {
                return ReadList(lines, indent, marker);
            }
        }

        if (!TryRead(Content(lines, marker), FirstLine(lines, marker)))
        {
            return HasOddWhitespace(lines.Marked.Span) || !TryTakeDocument(lines, hasLine) ? ReadRest(lines, "", 0) : hasLine;
        }

        _taker.Take(_block, ..);
        _taker.EndDocument();
        return hasLine;
    }

    /// <summary>Reads a document with a list, from the mark; the current line is the first element.</summary>
    private bool ReadList(LineBuffer lines, int indent, int marker)
    {
        if (!TryRead(Content(lines, marker), FirstLine(lines, marker)))
        {
            return ReadRest(lines, "", 0);
        }

        // Without the null that the key has as long as no element is seen, and the end of the mapping.
        _taker.Take(_block, ..^2);
        _taker.Begin(DocumentKind.Sequence, default, lines.Number);
        bool hasLine = true;
        while (hasLine && IsElementAt(lines.Line, indent))
        {
            lines.Mark();
            do
            {
                hasLine = lines.MoveNext();
            }
            while (hasLine && IsInElement(lines.Line, indent) && lines.Marked.Length <= MaxBlockLength);

            if (lines.Marked.Length > MaxBlockLength || !TryTakeElement(lines))
            {
                return ReadRest(lines, "items:\n", skip: 5);
            }
        }

        _taker.End(lines.Number);
        return ReadFields(lines, hasLine);
    }

    /// <summary>Reads what follows the list in its document; the current line is the first of it.</summary>
    private bool ReadFields(LineBuffer lines, bool hasLine)
    {
        lines.Mark();
        while (hasLine && !IsMarker(lines.Line, "---"u8))
        {
            if (IsSpecial(lines.Line) || lines.Marked.Length > MaxBlockLength)
            {
                return ReadRest(lines, "items: []\n", skip: 6);
            }

            hasLine = lines.MoveNext();
        }

        if (!TryRead(lines.Marked, lines.MarkNumber))
        {
            return ReadRest(lines, "items: []\n", skip: 6);
        }

        if (!_block.Tokens.IsEmpty)
        {
            _taker.Take(_block, 1..^1);
        }

        _taker.End(lines.Number);
        _taker.EndDocument();
        return hasLine;
    }

    private bool TryRead(ReadOnlyMemory<byte> text, int line) => _block.TryReadMapping(text, line);

    /// <summary>Hands on the element from the mark to the current line, by the whole parser if need be.</summary>
    /// <returns>Whether it can be understood by itself; a text in quotes may go on in what looks like the next element.</returns>
    private bool TryTakeElement(LineBuffer lines)
    {
        if (_block.TryReadElement(lines.Marked, lines.MarkNumber))
        {
            _taker.Take(_block, ..);
            return true;
        }

        if (HasOddWhitespace(lines.Marked.Span))
        {
            return false;
        }

        List<ParsingEvent> events = [];
        try
        {
            using StringReader text = new(s_utf8.GetString(lines.Marked.Span));
            for (YamlParser parser = new(text, 0); parser.MoveNext();)
            {
                events.Add(parser.Current);
            }
        }
        catch (Exception e) when (e is DocumentException or DecoderFallbackException)
        {
            // Whether it is wrong is seen with what follows.
            return false;
        }

        if (events[3] is Scalar { Value.Length: 0, Style: ScalarStyle.Plain })
        {
            return false; // a minus alone, whose text may follow without indentation
        }

        // Without the stream's, the document's and the sequence's beginning and end.
        foreach (ParsingEvent parsed in events[3..^3])
        {
            _taker.Take(parsed, lines.MarkNumber - 1);
        }

        return true;
    }

    /// <summary>Hands on the document from the mark to the current line by the whole parser.</summary>
    /// <returns>Whether it can be understood by itself; a document that is but a text may go on over markers.</returns>
    private bool TryTakeDocument(LineBuffer lines, bool hasNext)
    {
        // The marker of the next document tells where this one ends.
        using StreamReader text = new(new MemoryStream((hasNext ? lines.MarkedWithLine : lines.Marked).ToArray()), s_utf8, detectEncodingFromByteOrderMarks: false);
        int shift = lines.MarkNumber - 1;
        YamlParser parser = new(text, shift);
        bool isAtRoot = false;
        bool isEnded = false;
        while (parser.MoveNext() && !isEnded)
        {
            if (isAtRoot && parser.Current is Scalar { Value.Length: > 0 })
            {
                return false;
            }

            _taker.Take(parser.Current, shift);
            isAtRoot = parser.Current is DocumentStart;
            isEnded = parser.Current is DocumentEnd;
        }

        return true;
    }

    /// <summary>Hands on all from the mark on by the whole parser.</summary>
    /// <param name="lines">The text.</param>
    /// <param name="prefix">Lines to parse before it, so that the parser is where the text goes on.</param>
    /// <param name="skip">The number of events that these make.</param>
    /// <returns>Always false: nothing is left.</returns>
    private bool ReadRest(LineBuffer lines, string prefix, int skip)
    {
        using StreamReader text = new(lines.RestFromMark(Encoding.UTF8.GetBytes(prefix)), s_utf8, detectEncodingFromByteOrderMarks: false, BufferSize);
        TakeAll(new(new BoundedTextReader(text, builder), lines.MarkNumber - 1 - prefix.Count('\n')), skip, lines.MarkNumber - 1 - prefix.Count('\n'));
        return false;
    }

    private void TakeAll(YamlParser parser, int skip, int lineShift)
    {
        for (int count = 0; parser.MoveNext(); count++)
        {
            if (count >= skip)
            {
                _taker.Take(parser.Current, lineShift);
            }
        }
    }

    private static ReadOnlyMemory<byte> Content(LineBuffer lines, int marker) => lines.Marked[Math.Min(marker, lines.Marked.Length)..];

    private static int FirstLine(LineBuffer lines, int marker) => lines.MarkNumber + (marker > 0 ? 1 : 0);

    private static int IndentOf(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept((byte)' ');

    private static bool IsMarker(ReadOnlySpan<byte> line, ReadOnlySpan<byte> marker) =>
        line.StartsWith(marker) && (line.Length == marker.Length || line[marker.Length] is (byte)' ' or (byte)'\t' or (byte)'\r');

    /// <summary>Whether a line says something about documents that only the whole parser understands.</summary>
    private static bool IsSpecial(ReadOnlySpan<byte> line) => line.StartsWith("%"u8) || IsMarker(line, "..."u8);

    /// <summary>
    /// Whether there may be line ends that <see cref="LineBuffer"/> does not know (a return alone, and three of Unicode's), or
    /// lines that begin with a tab, which the whole parser takes in its own way.
    /// </summary>
    private static bool HasOddWhitespace(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("\u0085"u8) >= 0 || text.IndexOf("\u2028"u8) >= 0 || text.IndexOf("\u2029"u8) >= 0)
        {
            return true;
        }

        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            int end = line.IndexOf((byte)'\r');
            if ((end >= 0 && end < line.Length - 1) || line.TrimStart((byte)' ').StartsWith("\t"u8))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsElementAt(ReadOnlySpan<byte> line, int indent) =>
        IndentOf(line) == indent && line[indent] == (byte)'-' && (line.Length == indent + 1 || line[indent + 1] is (byte)' ' or (byte)'\t' or (byte)'\r');

    private static bool IsInElement(ReadOnlySpan<byte> line, int indent)
    {
        int own = IndentOf(line);
        return own < 0 || own > indent || line[own] is (byte)'#' or (byte)'\r' or (byte)'\t';
    }
}
