namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Reads YAML or JSON, told apart by the first character that is not blank: <c>{</c> begins JSON (wire notes 7.1).
/// </summary>
public static class DocumentReader
{
    private const int SniffLength = 4096;

    /// <summary>Reads all documents of a stream.</summary>
    /// <param name="stream">The text, UTF-8 with or without a byte order mark. Read once, forward.</param>
    /// <param name="sink">Receives the documents.</param>
    /// <exception cref="DocumentException">The text is broken or too large.</exception>
    public static void Read(Stream stream, IDocumentSink sink) => Read(stream, sink, toleratesRepeatedKeys: false);

    /// <inheritdoc cref="Read(Stream, IDocumentSink)"/>
    /// <param name="stream">The text.</param>
    /// <param name="sink">Receives the documents.</param>
    /// <param name="toleratesRepeatedKeys">Whether a key may be given twice in a mapping (items of lists excepted).</param>
    public static void Read(Stream stream, IDocumentSink sink, bool toleratesRepeatedKeys)
    {
        DocumentBuilder builder = new(sink, toleratesRepeatedKeys);
        using PeekedStream peeked = new(stream, SniffLength);
        if (StartsLikeJson(peeked.Start))
        {
            new JsonDocumentReader(builder).Read(peeked);
            return;
        }

        new YamlDocumentReader(builder).Read(peeked);
    }

    private static bool StartsLikeJson(ReadOnlySpan<byte> start)
    {
        start = start.TrimStart(" \t\r\n"u8);
        return !start.IsEmpty && start[0] == (byte)'{';
    }
}
