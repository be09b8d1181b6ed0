namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Builds flat documents from the tokens of a YAML or JSON reader, and reports the elements of a top-level <c>items</c> one
/// by one.
/// </summary>
/// <param name="sink">Receives the documents.</param>
/// <param name="toleratesRepeatedKeys">Whether a key may be given twice in a mapping.</param>
internal sealed class DocumentBuilder(IDocumentSink sink, bool toleratesRepeatedKeys)
{
    private const int ItemDepth = 2;

    private readonly FlatDocument _document = new() { ToleratesRepeatedKeys = toleratesRepeatedKeys };
    private FlatDocument _item = new() { ToleratesRepeatedKeys = toleratesRepeatedKeys };
    private int _depth;
    private bool _expectsItems;
    private bool _inItems;
    private bool _hadItems;

    /// <summary>Number of finished documents and items, by which a reader limits the source text of each.</summary>
    public int Finished { get; private set; }

    /// <summary>The document that the next token is added to.</summary>
    public FlatDocument Current => _inItems && _depth >= ItemDepth ? _item : _document;

    /// <summary>Whether a document has begun and not ended.</summary>
    public bool IsInside => _depth != 0;

    public void Key(ReadOnlySpan<byte> utf8, int line)
    {
        _expectsItems = _depth == 1 && utf8.SequenceEqual("items"u8);
        Current.AddScalar(DocumentKind.Text, utf8, line);
    }

    /// <summary>Marks the document as having an unsupported part; it is refused if the document is needed.</summary>
    public void Unsupported(DocumentException problem)
    {
        if (!toleratesRepeatedKeys)
        {
            throw problem;
        }

        Current.AddUnsupported(problem);
    }

    public void Begin(DocumentKind kind, int line)
    {
        if (_expectsItems && _depth == 1 && kind == DocumentKind.Sequence)
        {
            _document.Begin(kind, line);
            _inItems = true;
            _hadItems = true;
        }
        else
        {
            Current.Begin(kind, line);
        }

        _expectsItems = false;
        _depth++;
    }

    public void End()
    {
        _depth--;
        if (_inItems && _depth == 1)
        {
            _inItems = false;
            _document.End();
            return;
        }

        Current.End();
        Completed();
    }

    public void Scalar(DocumentKind kind, ReadOnlySpan<byte> utf8, int line)
    {
        Current.AddScalar(kind, utf8, line);
        _expectsItems = false;
        Completed();
    }

    /// <summary>Adds a copy of a finished value, for YAML aliases.</summary>
    public void Copy(FlatDocument source)
    {
        Current.AddCopy(source, 0);
        _expectsItems = false;
        Completed();
    }

    public void EndDocument()
    {
        if (!_document.IsEmpty && !(_document.Root.IsNull && !_hadItems))
        {
            sink.OnDocument(_document, _hadItems);
        }

        Finished++;
        _document.Clear();
        _item.Clear();
        _hadItems = false;
    }

    private void Completed()
    {
        if (!_inItems || _depth != ItemDepth)
        {
            return;
        }

        Finished++;
        if (sink.OnItem(_item, _document))
        {
            _item = new() { ToleratesRepeatedKeys = toleratesRepeatedKeys };
        }
        else
        {
            _item.Clear();
        }
    }
}
