namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>What tells an object of a JSON listing from others: the texts as they are written.</summary>
internal ref struct NftJsonNames
{
    public ReadOnlySpan<byte> Family { get; private set; }

    public ReadOnlySpan<byte> Table { get; private set; }

    public ReadOnlySpan<byte> Chain { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Whether all is known that says where a rule belongs.</summary>
    public readonly bool IsRuleKnown => !Family.IsEmpty && !Table.IsEmpty && !Chain.IsEmpty;

    /// <summary>The name, which must be there.</summary>
    public readonly string NameText() => Name.IsEmpty ? throw new FormatException("an object without a name") : NftJsonLexer.Text(Name);

    /// <summary>Takes the value of a property, or goes past it.</summary>
    public void Read(ReadOnlySpan<byte> property, ref NftJsonLexer lexer)
    {
        if (lexer.Peek() != '"')
        {
            lexer.SkipValue();
            return;
        }

        ReadOnlySpan<byte> value = lexer.String();
        if (property.SequenceEqual("family"u8))
        {
            Family = value;
        }
        else if (property.SequenceEqual("table"u8))
        {
            Table = value;
        }
        else if (property.SequenceEqual("chain"u8))
        {
            Chain = value;
        }
        else if (property.SequenceEqual("name"u8))
        {
            Name = value;
        }
    }
}
