using System.Buffers;
using System.Text.Json;

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Reads one or several JSON documents, one after the other in a stream, without holding the whole text.</summary>
/// <param name="builder">Receives the tokens.</param>
/// <param name="stopsAtYaml">Whether YAML may follow a document; else it is an error.</param>
internal sealed class JsonDocumentReader(DocumentBuilder builder, bool stopsAtYaml = false)
{
    private const int InitialBuffer = 256 * 1024;

    private static readonly JsonReaderOptions s_options = new()
    {
        AllowMultipleValues = true,
        MaxDepth = DocumentLimits.MaxDepth,
    };

    private int _line = 1;
    private long _lengthOfObject;
    private int _finished;
    private bool _isYamlNext;

    /// <summary>The rest of the text when YAML follows a JSON document; null if there is none.</summary>
    public PeekedStream? Rest { get; private set; }

    /// <summary>The current line, from 1.</summary>
    public int Line => _line;

    public void Read(Stream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(InitialBuffer);
        try
        {
            JsonReaderState state = new(s_options);
            int length = 0;
            bool isFinal = false;
            while (!isFinal && Rest is null)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                int read = stream.Read(buffer, length, buffer.Length - length);
                isFinal = read == 0;
                length += read;
                int consumed = ReadTokens(buffer.AsSpan(0, length), isFinal, ref state);
                if (_isYamlNext)
                {
                    Rest = new([.. buffer.AsSpan(consumed, length - consumed)], stream);
                }

                buffer.AsSpan(consumed, length - consumed).CopyTo(buffer);
                length -= consumed;
            }
        }
        catch (JsonException e)
        {
            throw new DocumentException((int)(e.LineNumber ?? 0) + 1, "", "is not JSON: " + Reason(e));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (builder.IsInside)
        {
            throw new DocumentException(_line, "", "is not JSON: it ends in the middle of a value");
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        if (buffer.Length >= DocumentLimits.MaxObjectLength)
        {
            throw new DocumentException(0, "", $"holds a text of more than {DocumentLimits.MaxObjectLength} bytes");
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    /// <summary>The first sentence of the parser's message; the rest repeats the position in its own counting.</summary>
    private static string Reason(JsonException e)
    {
        int end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? e.Message : e.Message[..end]).TrimEnd('.');
    }

    private int ReadTokens(ReadOnlySpan<byte> text, bool isFinal, ref JsonReaderState state)
    {
        Utf8JsonReader reader = new(text, isFinal, state);
        int counted = 0;
        while (!(_isYamlNext = IsYamlNext(text[(int)reader.BytesConsumed..])) && reader.Read())
        {
            int start = (int)reader.TokenStartIndex;
            _line += text[counted..start].Count((byte)'\n');
            BoundObject(start - counted);
            counted = start;
            Take(ref reader);
        }

        int consumed = (int)reader.BytesConsumed;
        _line += text[counted..consumed].Count((byte)'\n');
        state = reader.CurrentState;
        return consumed;
    }

    /// <summary>Whether a document has ended, and a marker, a comment or a directive of YAML comes next.</summary>
    private bool IsYamlNext(ReadOnlySpan<byte> rest)
    {
        if (!stopsAtYaml || builder.IsInside || builder.Finished == 0)
        {
            return false;
        }

        int next = rest.IndexOfAnyExcept(" \t\r\n"u8);
        return next >= 0 && rest[next] is (byte)'-' or (byte)'#' or (byte)'.' or (byte)'%';
    }

    private void BoundObject(int length)
    {
        if (builder.Finished != _finished)
        {
            _finished = builder.Finished;
            _lengthOfObject = 0;
        }

        _lengthOfObject += length;
        if (_lengthOfObject > DocumentLimits.MaxObjectLength)
        {
            throw new DocumentException(_line, "", $"is an object of more than {DocumentLimits.MaxObjectLength} bytes");
        }
    }

    private void Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                builder.Begin(DocumentKind.Mapping, _line);
                return;
            case JsonTokenType.StartArray:
                builder.Begin(DocumentKind.Sequence, _line);
                return;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                builder.End();
                break;
            case JsonTokenType.PropertyName:
                AddText(ref reader, isKey: true);
                return;
            case JsonTokenType.String:
                AddText(ref reader, isKey: false);
                break;
            case JsonTokenType.Number:
                builder.Scalar(DocumentKind.Number, reader.ValueSpan, _line);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                builder.Scalar(DocumentKind.Boolean, reader.ValueSpan, _line);
                break;
            default:
                builder.Scalar(DocumentKind.Null, default, _line);
                break;
        }

        if (reader.CurrentDepth == 0)
        {
            builder.EndDocument();
        }
    }

    private void AddText(ref Utf8JsonReader reader, bool isKey)
    {
        if (!reader.ValueIsEscaped)
        {
            Give(reader.ValueSpan, isKey);
            return;
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        Give(rented.AsSpan(0, Unescape(ref reader, rented)), isKey);
        ArrayPool<byte>.Shared.Return(rented);
    }

    private int Unescape(ref Utf8JsonReader reader, Span<byte> destination)
    {
        try
        {
            return reader.CopyString(destination);
        }
        catch (InvalidOperationException)
        {
            throw new DocumentException(_line, "", "is not JSON: a text is not valid UTF-8 or has a broken escape");
        }
    }

    private void Give(ReadOnlySpan<byte> text, bool isKey)
    {
        if (isKey)
        {
            builder.Key(text, _line);
        }
        else
        {
            builder.Scalar(DocumentKind.Text, text, _line);
        }
    }
}
