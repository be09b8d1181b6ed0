using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Reads a stream of YAML documents event by event.</summary>
/// <param name="builder">Receives the tokens.</param>
internal sealed class YamlDocumentReader(DocumentBuilder builder)
{
    private readonly Dictionary<string, DocumentTape> _anchors = new(StringComparer.Ordinal);
    private readonly List<Recording> _recordings = [];
    private readonly List<Position> _open = [];
    private byte[] _utf8 = new byte[1024];

    private enum Position : byte
    {
        Element,
        Key,
        Value,
    }

    private bool IsAtKey => _open.Count != 0 && _open[^1] == Position.Key;

    public void Read(TextReader text)
    {
        BoundedTextReader bounded = new(text, builder);
        Parser parser = new(bounded);
        while (MoveNext(parser))
        {
            Take(parser.Current!); // set whenever MoveNext said true
        }
    }

    private static bool MoveNext(Parser parser)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (YamlException e)
        {
            throw new DocumentException((int)e.Start.Line, "", "is not YAML: " + Reason(e));
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentException(0, "", "is not UTF-8 text");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            // Faults of the parser on broken text, found by fuzzing; the position is not known.
            throw new DocumentException((int)(parser.Current?.End.Line ?? 0), "", "is not YAML from here on");
        }
    }

    private static string Reason(YamlException e) => e.Message.TrimEnd('.');

    private void Take(ParsingEvent parsed)
    {
        int line = (int)parsed.Start.Line;
        switch (parsed)
        {
            case Scalar scalar:
                TakeScalar(scalar, line);
                break;
            case MappingStart mapping:
                Begin(DocumentKind.Mapping, mapping.Anchor, line);
                break;
            case SequenceStart sequence:
                Begin(DocumentKind.Sequence, sequence.Anchor, line);
                break;
            case MappingEnd or SequenceEnd:
                _open.RemoveAt(_open.Count - 1);
                foreach (Recording recording in _recordings)
                {
                    recording.Tape.End();
                }

                builder.End();
                ValueEnded();
                break;
            case AnchorAlias alias:
                TakeAlias(alias, line);
                break;
            case DocumentEnd:
                builder.EndDocument();
                _anchors.Clear();
                break;
        }
    }

    private void Begin(DocumentKind kind, AnchorName anchor, int line)
    {
        RefuseComplexKey(line);
        Record(anchor);
        foreach (Recording recording in _recordings)
        {
            recording.Tape.Begin(kind, line);
        }

        builder.Begin(kind, line);
        _open.Add(kind == DocumentKind.Mapping ? Position.Key : Position.Element);
    }

    private void TakeScalar(Scalar scalar, int line)
    {
        int length = Encode(scalar.Value);
        ReadOnlySpan<byte> text = _utf8.AsSpan(0, length);
        if (IsAtKey)
        {
            if (scalar.Style == ScalarStyle.Plain && text.SequenceEqual("<<"u8))
            {
                throw new DocumentException(line, "", "uses the YAML merge key \"<<\", which is not supported; write the fields out");
            }

            foreach (Recording recording in _recordings)
            {
                recording.Tape.AddScalar(DocumentKind.Text, text, line);
            }

            builder.Key(text, line);
            _open[^1] = Position.Value;
            return;
        }

        bool isPlain = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty;
        DocumentKind kind = isPlain ? PlainScalar.KindOf(text) : DocumentKind.Text;
        Record(scalar.Anchor);
        foreach (Recording recording in _recordings)
        {
            recording.Tape.AddScalar(kind, text, line);
        }

        builder.Scalar(kind, text, line);
        ValueEnded();
    }

    private void TakeAlias(AnchorAlias alias, int line)
    {
        RefuseComplexKey(line);
        if (!_anchors.TryGetValue(alias.Value.Value, out DocumentTape? tape))
        {
            throw new DocumentException(line, "", $"refers to the anchor \"{alias.Value.Value}\", which is not defined before");
        }

        foreach (Recording recording in _recordings)
        {
            recording.Tape.AddCopy(tape, 0);
        }

        builder.Copy(tape);
        ValueEnded();
    }

    private void RefuseComplexKey(int line)
    {
        if (IsAtKey)
        {
            throw new DocumentException(line, "", "has a key that is not a text");
        }
    }

    /// <summary>Starts to copy a value with an anchor aside, so that aliases can repeat it.</summary>
    private void Record(AnchorName anchor)
    {
        if (!anchor.IsEmpty)
        {
            _recordings.Add(new(anchor.Value, _open.Count, new DocumentTape()));
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
            _anchors[_recordings[^1].Name] = _recordings[^1].Tape;
            _recordings.RemoveAt(_recordings.Count - 1);
        }
    }

    private int Encode(string value)
    {
        int needed = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (_utf8.Length < needed)
        {
            _utf8 = new byte[needed];
        }

        return Encoding.UTF8.GetBytes(value, _utf8);
    }

    private sealed record Recording(string Name, int Depth, DocumentTape Tape);
}
