using System.Text.Json;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads elements of the simplest form from JSON. Each method begins at the first token of what it reads, and ends at the last.</summary>
/// <param name="json">The list of elements.</param>
internal ref struct NftJsonElements(ReadOnlySpan<byte> json)
{
    private Utf8JsonReader _reader = new(json);

    /// <summary>Adds all elements; false if one has another form.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    public bool TryFill(BulkElementReader reader)
    {
        if (!Next(JsonTokenType.StartArray))
        {
            return false;
        }

        while (!Next(JsonTokenType.EndArray))
        {
            NftPlainElement element = default;
            bool isPair = _reader.TokenType == JsonTokenType.StartArray && _reader.Read();
            bool isRead = TryReadKey(ref element) && (!isPair || (Next(JsonTokenType.StartObject) && TryReadValue(ref element) && Next(JsonTokenType.EndArray)));
            if (!isRead || !reader.TryAdd(ref element))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReadKey(ref NftPlainElement element)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return TryReadPart(ref element);
        }

        if (!Next(JsonTokenType.PropertyName))
        {
            return false;
        }

        ReadOnlySpan<byte> form = _reader.ValueSpan;
        if (form.SequenceEqual("concat"u8) && Next(JsonTokenType.StartArray))
        {
            while (!Next(JsonTokenType.EndArray))
            {
                if (!TryReadPart(ref element))
                {
                    return false;
                }
            }

            return Next(JsonTokenType.EndObject);
        }

        // With a comment or a timeout.
        if (!form.SequenceEqual("elem"u8) || !Next(JsonTokenType.StartObject) || !NextIs("val"u8) || !_reader.Read() || !TryReadKey(ref element))
        {
            return false;
        }

        while (Next(JsonTokenType.PropertyName))
        {
            _reader.Skip();
        }

        return Next(JsonTokenType.EndObject);
    }

    private readonly bool TryReadPart(ref NftPlainElement element) =>
        _reader.TokenType is JsonTokenType.String or JsonTokenType.Number && element.TryAdd(_reader.ValueSpan);

    private bool TryReadValue(ref NftPlainElement element)
    {
        if (!Next(JsonTokenType.PropertyName))
        {
            return false;
        }

        ReadOnlySpan<byte> form = _reader.ValueSpan;
        if (form.SequenceEqual("concat"u8))
        {
            if (!Next(JsonTokenType.StartArray) || !Next(JsonTokenType.String))
            {
                return false;
            }

            element.Address = _reader.ValueSpan;
            if (!Next(JsonTokenType.Number))
            {
                return false;
            }

            element.Port = _reader.ValueSpan;
            return Next(JsonTokenType.EndArray) && Next(JsonTokenType.EndObject);
        }

        element.Verdict = form;
        if (!Next(JsonTokenType.StartObject))
        {
            _reader.Skip();
            return Next(JsonTokenType.EndObject);
        }

        if (!NextIs("target"u8) || !Next(JsonTokenType.String) || _reader.ValueIsEscaped)
        {
            return false;
        }

        element.Chain = _reader.ValueSpan;
        return Next(JsonTokenType.EndObject) && Next(JsonTokenType.EndObject);
    }

    private bool Next(JsonTokenType expected) => _reader.Read() && _reader.TokenType == expected;

    private bool NextIs(ReadOnlySpan<byte> property) => Next(JsonTokenType.PropertyName) && _reader.ValueSpan.SequenceEqual(property);
}
