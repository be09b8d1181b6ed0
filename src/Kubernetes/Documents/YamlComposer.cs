using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Composes documents from the output of either parser: resolves anchors, and refuses what Kubernetes does not take.</summary>
/// <param name="builder">Receives the tokens.</param>
internal sealed class YamlComposer(DocumentBuilder builder)
{
    private readonly Dictionary<string, FlatDocument> _anchors = new(StringComparer.Ordinal);
    private readonly List<Recording> _recordings = [];
    private readonly List<Position> _open = [];
    private byte[] _utf8 = new byte[1024];

    /// <summary>The largest line so far: the full parser gives line 1 for implicit values such as an empty key.</summary>
    private int _line;

    private enum Position : byte
    {
        Element,
        Key,
        Value,
    }

    private bool IsAtKey => _open.Count != 0 && _open[^1] == Position.Key;

    /// <summary>Adds an event of the full parser.</summary>
    /// <param name="parsed">The event.</param>
    /// <param name="lineShift">Added to its line to get the line in the input.</param>
    public void Take(ParsingEvent parsed, int lineShift)
    {
        _line = Math.Max(_line, (int)parsed.Start.Line + lineShift);
        int line = _line;
        switch (parsed)
        {
            case Scalar scalar:
                bool isPlain = scalar.Style == ScalarStyle.Plain && (IsAtKey || scalar.Tag.IsEmpty);
                AddScalar(Encode(scalar.Value), isPlain, scalar.Anchor, line);
                break;
            case MappingStart mapping:
                Begin(DocumentKind.Mapping, mapping.Anchor, line);
                break;
            case SequenceStart sequence:
                Begin(DocumentKind.Sequence, sequence.Anchor, line);
                break;
            case MappingEnd or SequenceEnd:
                End(line);
                break;
            case AnchorAlias alias:
                AddAlias(alias, line);
                break;
            case DocumentEnd:
                EndDocument();
                break;
        }
    }

    /// <summary>Adds tokens of the parser for kubectl's YAML.</summary>
    /// <param name="parser">The parser.</param>
    /// <param name="range">The range of its tokens.</param>
    public void Take(KubectlYamlParser parser, Range range)
    {
        foreach (YamlToken token in parser.Tokens[range])
        {
            switch (token.Kind)
            {
                case YamlTokenKind.Mapping:
                    Begin(DocumentKind.Mapping, default, token.Line);
                    break;
                case YamlTokenKind.Sequence:
                    Begin(DocumentKind.Sequence, default, token.Line);
                    break;
                case YamlTokenKind.End:
                    End(token.Line);
                    break;
                default:
                    AddScalar(parser.TextOf(token), token.Kind == YamlTokenKind.Plain, default, token.Line);
                    break;
            }
        }
    }

    /// <summary>The innermost mapping or sequence ends.</summary>
    public void End(int line)
    {
        if (_open[^1] == Position.Value)
        {
            // An error of the full parser on broken text, found by fuzzing.
            throw new DocumentException(line, "", "is not YAML: a key has no value");
        }

        _open.RemoveAt(_open.Count - 1);
        foreach (Recording recording in _recordings)
        {
            recording.Document.End();
        }

        builder.End();
        ValueEnded();
    }

    /// <summary>The document ends, and its anchors with it.</summary>
    public void EndDocument()
    {
        builder.EndDocument();
        _anchors.Clear();
    }

    /// <summary>A mapping or a sequence begins.</summary>
    public void Begin(DocumentKind kind, AnchorName anchor, int line)
    {
        RefuseComplexKey(line);
        Record(anchor);
        foreach (Recording recording in _recordings)
        {
            recording.Document.Begin(kind, line);
        }

        builder.Begin(kind, line);
        _open.Add(kind == DocumentKind.Mapping ? Position.Key : Position.Element);
    }

    private void AddScalar(ReadOnlySpan<byte> text, bool isPlain, AnchorName anchor, int line)
    {
        if (IsAtKey)
        {
            if (isPlain && text.SequenceEqual("<<"u8))
            {
                builder.Unsupported(new(line, "", "uses the YAML merge key \"<<\", which is not supported; write the fields out"));
            }

            foreach (Recording recording in _recordings)
            {
                recording.Document.AddScalar(DocumentKind.Text, text, line);
            }

            builder.Key(text, line);
            _open[^1] = Position.Value;
            return;
        }

        DocumentKind kind = isPlain ? PlainScalar.KindOf(text) : DocumentKind.Text;
        Record(anchor);
        foreach (Recording recording in _recordings)
        {
            recording.Document.AddScalar(kind, text, line);
        }

        builder.Scalar(kind, text, line);
        ValueEnded();
    }

    private void AddAlias(AnchorAlias alias, int line)
    {
        RefuseComplexKey(line);
        if (!_anchors.TryGetValue(alias.Value.Value, out FlatDocument? document))
        {
            throw new DocumentException(line, "", $"refers to the anchor \"{alias.Value.Value}\", which is not defined before");
        }

        foreach (Recording recording in _recordings)
        {
            recording.Document.AddCopy(document, 0);
        }

        builder.Copy(document);
        ValueEnded();
    }

    private void RefuseComplexKey(int line)
    {
        if (IsAtKey)
        {
            throw new DocumentException(line, "", "has a key that is not a text");
        }
    }

    /// <summary>Starts to record a value with an anchor, so that aliases can repeat it.</summary>
    private void Record(AnchorName anchor)
    {
        if (!anchor.IsEmpty)
        {
            _recordings.Add(new(anchor.Value, _open.Count, new FlatDocument()));
        }
    }

    private void ValueEnded()
    {
        if (_open.Count != 0 && _open[^1] == Position.Value)
        {
            _open[^1] = Position.Key;
        }

        while (_recordings.Count != 0 && _recordings[^1].Depth == _open.Count)
        {
            _anchors[_recordings[^1].Name] = _recordings[^1].Document;
            _recordings.RemoveAt(_recordings.Count - 1);
        }
    }

    private ReadOnlySpan<byte> Encode(string value)
    {
        int needed = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (_utf8.Length < needed)
        {
            _utf8 = new byte[needed];
        }

        return _utf8.AsSpan(0, Encoding.UTF8.GetBytes(value, _utf8));
    }

    private sealed record Recording(string Name, int Depth, FlatDocument Document);
}
