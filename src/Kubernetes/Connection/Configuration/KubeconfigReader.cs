using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>Reads a kubeconfig file, YAML or JSON. Unknown fields are ignored, as client-go does (wire notes 5.2).</summary>
internal sealed class KubeconfigReader : IDocumentSink
{
    private readonly string _path;
    private Kubeconfig? _read;

    private KubeconfigReader(string path)
    {
        _path = path;
    }

    /// <summary>Reads a file. Files that it names are not read.</summary>
    /// <exception cref="ConnectionException">The file is missing or broken.</exception>
    public static Kubeconfig Read(string path)
    {
        string fullPath = Path.GetFullPath(path);
        using MemoryStream content = new(BoundedFile.ReadBytes(fullPath, "kubeconfig", "(--kubeconfig or clientConnection.kubeconfig)"));
        KubeconfigReader reader = new(fullPath);
        try
        {
            DocumentReader.Read(content, reader);
        }
        catch (DocumentException e) when (e.Field.Length != 0)
        {
            throw new ConnectionException(fullPath, $"line {e.Line}: {e.Field}", e.Reason);
        }
        catch (DocumentException e)
        {
            // Without a field the reason may quote the text, and the text may be a password.
            throw new ConnectionException(
                fullPath, "", $"line {e.Line}: is not YAML or JSON from here on; check the indentation, and put values with special characters in quotes");
        }

        return reader._read ?? new(fullPath, "", Empty<ClusterEntry>(), Empty<UserEntry>(), Empty<ContextEntry>());
    }

    bool IDocumentSink.OnItem(FlatDocument item, FlatDocument header) => false;

    void IDocumentSink.OnDocument(FlatDocument document, bool hadItems)
    {
        DocumentNode root = document.Root;
        if (_read is not null)
        {
            throw new ConnectionException(_path, $"line {root.Line}:", "begins a second document; a kubeconfig holds one");
        }

        if (root.Kind != DocumentKind.Mapping)
        {
            throw new ConnectionException(_path, "", "is not a kubeconfig; it must hold fields such as clusters, users, contexts");
        }

        Expect(root["apiVersion"u8], "v1");
        Expect(root["kind"u8], "Config");
        string directory = Path.GetDirectoryName(_path)!; // a full path to a file has one
        UserDecoder users = new(directory);
        _read = new(
            _path,
            root["current-context"u8].AsString(""),
            Named(root["clusters"u8], static (entry, from) => ClusterDecoder.Decode(entry["cluster"u8], from), directory),
            Named(root["users"u8], static (entry, from) => from.Decode(entry["user"u8]), users),
            Named(root["contexts"u8], static (entry, _) => Context(entry["context"u8]), directory));
    }

    private static void Expect(DocumentNode node, string value)
    {
        if (node.AsString(value) != value)
        {
            throw node.Wrong($"must be \"{value}\": this is another kind of file");
        }
    }

    private static ContextEntry Context(DocumentNode node) =>
        new(node["cluster"u8].AsString(""), node["user"u8].AsString(""), node["namespace"u8].AsString(""));

    private static Dictionary<string, T> Named<T, TState>(DocumentNode list, Func<DocumentNode, TState, T> decode, TState state)
    {
        Dictionary<string, T> entries = new(StringComparer.Ordinal);
        foreach (DocumentNode entry in list.Elements)
        {
            if (!entries.TryAdd(entry["name"u8].AsString(""), decode(entry, state)))
            {
                throw entry["name"u8].Wrong("is the name of an earlier entry of this list; names must differ");
            }
        }

        return entries;
    }

    private static Dictionary<string, T> Empty<T>() => new(StringComparer.Ordinal);
}
