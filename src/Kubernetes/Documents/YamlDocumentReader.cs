using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Reads a stream of YAML documents. Documents and elements of a top-level <c>items</c> in the form that kubectl prints are
/// read by <see cref="KubectlYamlParser"/>, which is many times faster than the full parser (YamlDotNet). Others are read by
/// the full parser, and so is the rest of the input after an element that cannot be parsed on its own.
/// </summary>
/// <param name="builder">Receives the tokens.</param>
internal sealed class YamlDocumentReader(DocumentBuilder builder)
{
    /// <summary>Larger documents and elements are left to the full parser, which does not buffer the text.</summary>
    private const int MaxKubectlLength = 1024 * 1024;

    private const int BufferSize = 64 * 1024;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private static readonly Continuation s_fromTheBeginning = new("", 0);

    /// <summary>After the beginnings of stream, document and mapping, the key, and the beginning of the sequence.</summary>
    private static readonly Continuation s_withinTheList = new("items:\n", 5);

    /// <summary>The same and the end of the sequence.</summary>
    private static readonly Continuation s_afterTheList = new("items: []\n", 6);

    private readonly YamlComposer _composer = new(builder);
    private readonly KubectlYamlParser _kubectl = new();

    /// <summary>Reads all of it.</summary>
    /// <param name="stream">The text.</param>
    /// <param name="firstLine">The number of its first line in the input.</param>
    public void Read(PeekedStream stream, int firstLine = 1)
    {
        // UTF-16 begins with a mark, which the reader of the whole text knows.
        if (!stream.Start.IsEmpty && stream.Start[0] is 0 or >= 0x80)
        {
            ReadWithFullParser(stream);
            return;
        }

        LineBuffer lines = new(stream, firstLine - 1);
        bool hasLine = lines.MoveNext();
        while (hasLine)
        {
            lines.Mark();
            hasLine = ReadDocument(lines);
        }
    }

    /// <summary>Reads a stream with the full parser only.</summary>
    public void ReadWithFullParser(Stream stream)
    {
        using StreamReader text = new(stream, s_utf8, detectEncodingFromByteOrderMarks: true, BufferSize);
        TakeAll(new(new BoundedTextReader(text, builder), lineShift: 0), skip: 0);
    }

    /// <summary>Reads a document from the mark, at the current line, up to the beginning of the next.</summary>
    /// <returns>Whether there is one.</returns>
    private bool ReadDocument(LineBuffer lines)
    {
        int marker = 0;
        bool hasLine = true;
        if (YamlLine.IsMarker(lines.Line, "---"u8))
        {
            if (lines.Line.TrimEnd((byte)' ').Length != 3)
            {
                return ReadRest(lines, s_fromTheBeginning);
            }

            marker = lines.Line.Length + 1;
            hasLine = lines.MoveNext();
        }

        while (hasLine && !YamlLine.IsMarker(lines.Line, "---"u8))
        {
            if (YamlLine.IsSpecial(lines.Line) || lines.Marked.Length > MaxKubectlLength)
            {
                return ReadRest(lines, s_fromTheBeginning);
            }

            bool isList = lines.Line.SequenceEqual("items:"u8);
            hasLine = lines.MoveNext();
            int indent = isList ? YamlLine.IndentOf(lines.Line) : -1;
            if (indent >= 0 && YamlLine.IsElementAt(lines.Line, indent))
            {
                return ReadList(lines, indent, marker);
            }
        }

        if (!_kubectl.TryReadMapping(Content(lines, marker), FirstLine(lines, marker)))
        {
            return YamlLine.HasOddWhitespace(lines.Marked.Span) || !TryTakeDocument(lines, hasLine) ? ReadRest(lines, s_fromTheBeginning) : hasLine;
        }

        _composer.Take(_kubectl, ..);
        _composer.EndDocument();
        return hasLine;
    }

    /// <summary>Reads a document with a list, from the mark; the current line is the first element.</summary>
    private bool ReadList(LineBuffer lines, int indent, int marker)
    {
        if (!_kubectl.TryReadMapping(Content(lines, marker), FirstLine(lines, marker)))
        {
            return ReadRest(lines, s_fromTheBeginning);
        }

        // Without the null that the key has as long as no element is seen, and the end of the mapping.
        _composer.Take(_kubectl, ..^2);
        _composer.Begin(DocumentKind.Sequence, default, lines.Number);
        bool hasLine = true;
        while (hasLine && YamlLine.IsElementAt(lines.Line, indent))
        {
            lines.Mark();
            do
            {
                hasLine = lines.MoveNext();
            }
            while (hasLine && YamlLine.IsInElement(lines.Line, indent) && lines.Marked.Length <= MaxKubectlLength);

            if (lines.Marked.Length > MaxKubectlLength || !TryTakeElement(lines))
            {
                return ReadRest(lines, s_withinTheList);
            }
        }

        _composer.End(lines.Number);
        return ReadFields(lines, hasLine);
    }

    /// <summary>Reads what follows the list in its document; the current line is the first of it.</summary>
    private bool ReadFields(LineBuffer lines, bool hasLine)
    {
        lines.Mark();
        while (hasLine && !YamlLine.IsMarker(lines.Line, "---"u8))
        {
            if (YamlLine.IsSpecial(lines.Line) || lines.Marked.Length > MaxKubectlLength)
            {
                return ReadRest(lines, s_afterTheList);
            }

            hasLine = lines.MoveNext();
        }

        if (!_kubectl.TryReadMapping(lines.Marked, lines.MarkNumber))
        {
            return ReadRest(lines, s_afterTheList);
        }

        if (!_kubectl.Tokens.IsEmpty)
        {
            _composer.Take(_kubectl, 1..^1);
        }

        _composer.End(lines.Number);
        _composer.EndDocument();
        return hasLine;
    }

    /// <summary>Adds the element from the mark to the current line, with the full parser if necessary.</summary>
    /// <returns>Whether it can be parsed on its own; a text in quotes may continue in what looks like the next element.</returns>
    private bool TryTakeElement(LineBuffer lines)
    {
        if (_kubectl.TryReadElement(lines.Marked, lines.MarkNumber))
        {
            _composer.Take(_kubectl, ..);
            return true;
        }

        if (YamlLine.HasOddWhitespace(lines.Marked.Span))
        {
            return false;
        }

        int shift = lines.MarkNumber - 1;
        List<ParsingEvent> events = [];
        try
        {
            using StringReader text = new(s_utf8.GetString(lines.Marked.Span));
            for (YamlParser parser = new(text, shift); parser.MoveNext();)
            {
                events.Add(parser.Current);
            }
        }
        catch (Exception e) when (e is DocumentException or DecoderFallbackException)
        {
            // Only the lines that follow show whether it is an error.
            return false;
        }

        // Between the beginnings and ends of stream, document and sequence; after a minus alone, its text may follow without indentation.
        bool isWhole = events is [StreamStart, DocumentStart, SequenceStart, not Scalar { Value.Length: 0, Style: ScalarStyle.Plain }, .., SequenceEnd, DocumentEnd, StreamEnd];
        foreach (ParsingEvent parsed in isWhole ? events[3..^3] : [])
        {
            _composer.Take(parsed, shift);
        }

        return isWhole;
    }

    /// <summary>Adds the document from the mark to the current line with the full parser.</summary>
    /// <returns>Whether it can be parsed on its own; a document that is a single text may continue after markers.</returns>
    private bool TryTakeDocument(LineBuffer lines, bool hasNext)
    {
        // The marker of the next document ends this one.
        using StreamReader text = new(new MemoryStream((hasNext ? lines.MarkedWithLine : lines.Marked).ToArray()), s_utf8, detectEncodingFromByteOrderMarks: false);
        YamlParser parser = new(text, lines.MarkNumber - 1);
        bool isAtRoot = false;
        bool isEnded = false;
        while (parser.MoveNext() && !isEnded)
        {
            if (isAtRoot && parser.Current is Scalar { Value.Length: > 0 })
            {
                return false;
            }

            _composer.Take(parser.Current, parser.LineShift);
            isAtRoot = parser.Current is DocumentStart;
            isEnded = parser.Current is DocumentEnd;
        }

        return true;
    }

    /// <summary>Adds everything from the mark on with the full parser.</summary>
    /// <returns>Always false: nothing is left.</returns>
    private bool ReadRest(LineBuffer lines, Continuation continuation)
    {
        using StreamReader text = new(lines.RestFromMark(Encoding.UTF8.GetBytes(continuation.Prefix)), s_utf8, detectEncodingFromByteOrderMarks: false, BufferSize);
        int shift = lines.MarkNumber - 1 - continuation.Prefix.Count('\n');
        TakeAll(new(new BoundedTextReader(text, builder), shift), continuation.Events);
        return false;
    }

    private void TakeAll(YamlParser parser, int skip)
    {
        for (int count = 0; parser.MoveNext(); count++)
        {
            if (count >= skip)
            {
                _composer.Take(parser.Current, parser.LineShift);
            }
        }
    }

    private static ReadOnlyMemory<byte> Content(LineBuffer lines, int marker) => lines.Marked[Math.Min(marker, lines.Marked.Length)..];

    private static int FirstLine(LineBuffer lines, int marker) => lines.MarkNumber + (marker > 0 ? 1 : 0);

    /// <summary>The position in a document where the full parser continues.</summary>
    /// <param name="Prefix">Lines that are parsed first to get to that position.</param>
    /// <param name="Events">The number of events of these lines, which are skipped.</param>
    private sealed record Continuation(string Prefix, int Events);
}
