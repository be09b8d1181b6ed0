namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>Receives documents as they are read. The tapes are used again after each call.</summary>
public interface IDocumentSink
{
    /// <summary>An element of the top-level list <c>items</c>, read on its own so that lists of any length fit in memory.</summary>
    /// <param name="item">The element.</param>
    /// <param name="header">The rest of the document as far as it has been read: <c>kind</c> may still be to come.</param>
    /// <returns>Whether the sink keeps the tape of the element for itself.</returns>
    bool OnItem(FlatDocument item, FlatDocument header);

    /// <summary>A document, without the elements of <c>items</c>. Empty documents are not reported.</summary>
    /// <param name="document">The document.</param>
    /// <param name="hadItems">Whether it had a list <c>items</c>.</param>
    void OnDocument(FlatDocument document, bool hadItems);
}
