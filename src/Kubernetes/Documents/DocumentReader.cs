namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Reads YAML or JSON, told apart by how the text begins (<see cref="JsonStart"/>); JSON may go on as YAML after the end of
/// a document.
/// </summary>
public static class DocumentReader
{
    private const int SniffLength = 64 * 1024;

    /// <summary>Reads all documents of a stream.</summary>
    /// <param name="stream">The text, UTF-8 with or without a byte order mark. Read once, forward.</param>
    /// <param name="sink">Receives the documents.</param>
    /// <exception cref="DocumentException">The text is broken or too large.</exception>
    public static void Read(Stream stream, IDocumentSink sink) => Read(stream, sink, toleratesRepeatedKeys: false);

    /// <inheritdoc cref="Read(Stream, IDocumentSink)"/>
    /// <param name="stream">The text.</param>
    /// <param name="sink">Receives the documents.</param>
    /// <param name="toleratesRepeatedKeys">Whether a key may be given twice in a mapping; what was is on the tape.</param>
    public static void Read(Stream stream, IDocumentSink sink, bool toleratesRepeatedKeys)
    {
        DocumentBuilder builder = new(sink, toleratesRepeatedKeys);
        using PeekedStream peeked = new(stream, SniffLength);
        if (!JsonStart.Is(peeked.Start, peeked.IsWholeAtHand))
        {
            new YamlDocumentReader(builder).Read(peeked, firstLine: 1);
            return;
        }

        JsonDocumentReader json = new(builder, stopsAtYaml: true);
        json.Read(peeked);
        if (json.Rest is { } rest)
        {
            new YamlDocumentReader(builder).Read(rest, json.Line);
        }
    }
}
