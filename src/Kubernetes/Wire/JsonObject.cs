using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads one JSON object with the reader of manifests.</summary>
/// <param name="convert">Converts the object, which is valid only during the call.</param>
internal sealed class JsonObject<TResult>(Func<DocumentNode, TResult> convert) : IDocumentSink
{
    private TResult? _result;
    private int _count;

    /// <summary>Reads an object.</summary>
    /// <exception cref="WireException">It is not one JSON object, or one that cannot be converted.</exception>
    public TResult Read(Stream text)
    {
        _count = 0;
        try
        {
            new JsonDocumentReader(new DocumentBuilder(this, toleratesRepeatedKeys: false)).Read(text);
        }
        catch (DocumentException e)
        {
            throw new WireException(e.Message, e);
        }

        return _count == 1 ? _result! : throw new WireException("a text is not one JSON object"); // set together with the count
    }

    /// <inheritdoc/>
    bool IDocumentSink.OnItem(FlatDocument item, FlatDocument header) => false;

    /// <inheritdoc/>
    void IDocumentSink.OnDocument(FlatDocument document, bool hadItems)
    {
        _result = convert(document.Root);
        _count++;
    }
}
