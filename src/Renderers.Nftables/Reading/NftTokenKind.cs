namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>What a token of nft's language is.</summary>
internal enum NftTokenKind : byte
{
    /// <summary>The end of the text.</summary>
    End,

    /// <summary>The end of a line.</summary>
    NewLine,

    /// <summary><c>;</c></summary>
    Semicolon,

    /// <summary><c>{</c></summary>
    Open,

    /// <summary><c>}</c></summary>
    Close,

    /// <summary><c>,</c></summary>
    Comma,

    /// <summary>Characters up to a space or one of the above: a keyword, a name, a value, an operator.</summary>
    Word,

    /// <summary>A word between quotes.</summary>
    Quoted,
}
