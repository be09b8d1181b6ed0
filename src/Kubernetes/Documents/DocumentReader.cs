namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Reads YAML or JSON, detected by the beginning of the text (<see cref="JsonStart"/>). After the end of a JSON document the
/// text may continue as YAML.
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
    /// <param name="toleratesRepeatedKeys">Whether a key may be given twice in a mapping; see <see cref="FlatDocument.RepeatedKeys"/>.</param>
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

/// <summary>Receives documents as they are read. The document objects are reused after each call.</summary>
public interface IDocumentSink
{
    /// <summary>An element of the top-level list <c>items</c>, read on its own so that lists of any length fit in memory.</summary>
    /// <param name="item">The element.</param>
    /// <param name="header">The rest of the document as far as it has been read: <c>kind</c> may still be to come.</param>
    /// <returns>Whether the sink keeps the object of the element, so that it must not be reused.</returns>
    bool OnItem(FlatDocument item, FlatDocument header);

    /// <summary>A document, without the elements of <c>items</c>. Empty documents are not reported.</summary>
    /// <param name="document">The document.</param>
    /// <param name="hadItems">Whether it had a list <c>items</c>.</param>
    void OnDocument(FlatDocument document, bool hadItems);
}

/// <summary>A document that cannot be read: broken syntax, a wrong type, or a size above the limits.</summary>
/// <param name="line">The line, from 1; 0 when unknown.</param>
/// <param name="field">The path of the field, such as <c>spec.ports[0].port</c>; empty for the whole document.</param>
/// <param name="reason">The problem; completes a sentence that begins with the field.</param>
public sealed class DocumentException(int line, string field, string reason)
    : Exception(field.Length == 0 ? $"line {line}: {reason}" : $"line {line}: {field} {reason}")
{
    /// <summary>The line, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;

    /// <summary>The path of the field; empty for the whole document.</summary>
    public string Field { get; } = field;

    /// <summary>What is wrong.</summary>
    public string Reason { get; } = reason;
}

/// <summary>
/// Limits of what is read. The API server accepts no object above a few megabytes, so these limits stop only broken or
/// hostile input. Lists have no limit of their own: their items are read one at a time.
/// </summary>
public static class DocumentLimits
{
    /// <summary>The largest object, in characters or bytes of source text.</summary>
    public const int MaxObjectLength = 16 * 1024 * 1024;

    /// <summary>The most nodes in one object, aliases expanded.</summary>
    public const int MaxNodes = 4 * 1024 * 1024;

    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 64;

    /// <summary>The largest file or stream, in bytes.</summary>
    public const long MaxStreamLength = 4L * 1024 * 1024 * 1024;
}
