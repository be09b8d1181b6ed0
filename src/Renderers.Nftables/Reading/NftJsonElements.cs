namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Elements in JSON, as far as they have the simplest form.</summary>
/// <param name="json">The list of elements.</param>
internal ref struct NftJsonElements(ReadOnlySpan<byte> json)
{
    private NftJsonLexer _lexer = new(json);

    /// <summary>Fills in all; false if one is of another form.</summary>
    public bool TryFill(NftFill fill)
    {
        if (!_lexer.Skip('['))
        {
            return false;
        }

        for (bool isFirst = true; _lexer.NextEntry(isFirst, ']'); isFirst = false)
        {
            NftPlainElement element = default;
            bool isPair = _lexer.Skip('[');
            bool isRead = TryReadKey(ref element) && (!isPair || (_lexer.Skip(',') && TryReadValue(ref element) && _lexer.Skip(']')));
            if (!isRead || !fill.TryAdd(ref element))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReadKey(ref NftPlainElement element)
    {
        if (!_lexer.Skip('{'))
        {
            return TryReadPart(ref element);
        }

        ReadOnlySpan<byte> form = _lexer.Name();
        if (form.SequenceEqual("concat"u8) && _lexer.Skip('['))
        {
            for (bool isFirst = true; _lexer.NextEntry(isFirst, ']'); isFirst = false)
            {
                if (!TryReadPart(ref element))
                {
                    return false;
                }
            }

            return _lexer.Skip('}');
        }

        // With a comment, or the time that is left.
        if (!form.SequenceEqual("elem"u8) || !_lexer.Skip('{') || !_lexer.Name().SequenceEqual("val"u8) || !TryReadKey(ref element))
        {
            return false;
        }

        while (_lexer.NextEntry(isFirst: false, '}'))
        {
            _lexer.Name();
            _lexer.SkipValue();
        }

        return _lexer.Skip('}');
    }

    private bool TryReadPart(ref NftPlainElement element) => _lexer.Peek() switch
    {
        (byte)'"' => element.TryAdd(_lexer.String()),
        >= (byte)'0' and <= (byte)'9' => element.TryAdd(_lexer.Word()),
        _ => false,
    };

    private bool TryReadValue(ref NftPlainElement element)
    {
        if (!_lexer.Skip('{'))
        {
            return false;
        }

        ReadOnlySpan<byte> form = _lexer.Name();
        if (form.SequenceEqual("concat"u8))
        {
            if (!_lexer.Skip('[') || _lexer.Peek() != '"')
            {
                return false;
            }

            element.Address = _lexer.String();
            if (!_lexer.Skip(','))
            {
                return false;
            }

            element.Port = _lexer.Word();
            return _lexer.Skip(']') && _lexer.Skip('}');
        }

        element.Verdict = form;
        if (_lexer.Skip('{'))
        {
            if (!_lexer.Name().SequenceEqual("target"u8) || _lexer.Peek() != '"')
            {
                return false;
            }

            element.Chain = _lexer.String();
            return !element.Chain.Contains((byte)'\\') && _lexer.Skip('}') && _lexer.Skip('}');
        }

        _lexer.SkipValue();
        return _lexer.Skip('}');
    }
}
