namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Reads elements of the simplest form in nft's language.</summary>
internal static class NftTextElements
{
    /// <summary>Adds all elements; false if one has another form.</summary>
    public static bool TryFill(ReadOnlySpan<byte> text, BulkElementReader reader)
    {
        NftLexer lexer = new(text, 0, text.Length, 0);
        while (Next(ref lexer) != NftTokenKind.End)
        {
            NftPlainElement element = default;
            if (!TryRead(ref lexer, ref element) || !reader.TryAdd(ref element))
            {
                return false;
            }
        }

        return true;
    }

    private static NftTokenKind Next(ref NftLexer lexer)
    {
        while (lexer.Next() == NftTokenKind.NewLine)
        {
        }

        return lexer.Kind;
    }

    /// <summary>Reads from the first token of an element to the comma after it.</summary>
    private static bool TryRead(ref NftLexer lexer, ref NftPlainElement element)
    {
        do
        {
            if (lexer.Kind != NftTokenKind.Word || !element.TryAdd(lexer.Value))
            {
                return false;
            }
        }
        while (Next(ref lexer) == NftTokenKind.Word && lexer.Is("."u8) && Next(ref lexer) == NftTokenKind.Word);

        while (IsOption(ref lexer))
        {
            // A counter is a word alone; "packets 3 bytes 180" follows it in a listing, each with a value as the others.
            bool hasValue = !lexer.Is("counter"u8);
            Next(ref lexer);
            if (hasValue)
            {
                Next(ref lexer);
            }
        }

        if (lexer.Is(":"u8))
        {
            Next(ref lexer);
            if (!TryReadValue(ref lexer, ref element))
            {
                return false;
            }
        }

        return lexer.Kind is NftTokenKind.Comma or NftTokenKind.End;
    }

    private static bool IsOption(ref NftLexer lexer) =>
        lexer.Is("comment"u8) || lexer.Is("timeout"u8) || lexer.Is("expires"u8)
        || lexer.Is("counter"u8) || lexer.Is("packets"u8) || lexer.Is("bytes"u8);

    private static bool TryReadValue(ref NftLexer lexer, ref NftPlainElement element)
    {
        if (lexer.Kind != NftTokenKind.Word)
        {
            return false;
        }

        ReadOnlySpan<byte> first = lexer.Value;
        Next(ref lexer);
        if (!lexer.Is("."u8))
        {
            element.Verdict = first;
            bool hasChain = lexer.Kind == NftTokenKind.Word;
            if (hasChain)
            {
                element.Chain = lexer.Value;
                Next(ref lexer);
            }

            return hasChain == (first.SequenceEqual("goto"u8) || first.SequenceEqual("jump"u8));
        }

        Next(ref lexer);
        element.Address = first;
        element.Port = lexer.Value;
        Next(ref lexer);
        return true;
    }
}
