using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// Reads a KubeProxyConfiguration file. Unknown and repeated fields do not stop it (spec 11.1), but are reported; everything
/// else that cannot be read does.
/// </summary>
internal sealed class ConfigurationReader : IDocumentSink
{
    private readonly List<string> _others = [];
    private LoadedConfiguration? _loaded;
    private string? _firstOther;

    private ConfigurationReader()
    {
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">The file is broken or of another kind.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static LoadedConfiguration ReadFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        try
        {
            return Read(stream);
        }
        catch (DocumentException e)
        {
            throw new ConfigurationException($"failed complete: failed to decode: {path}: {e.Message}");
        }
    }

    /// <summary>Reads a stream.</summary>
    /// <exception cref="DocumentException">The text is broken.</exception>
    /// <exception cref="ConfigurationException">The document is of another kind.</exception>
    public static LoadedConfiguration Read(Stream stream)
    {
        ConfigurationReader reader = new();
        DocumentReader.Read(stream, reader, toleratesRepeatedKeys: true);
        return reader._loaded is { } loaded
            ? loaded with { OtherDocuments = reader._others }
            : throw new ConfigurationException("failed complete: failed to decode: " + (reader._firstOther ?? "the file is empty"));
    }

    bool IDocumentSink.OnItem(FlatDocument item, FlatDocument header) => false;

    void IDocumentSink.OnDocument(FlatDocument document, bool hadItems)
    {
        DocumentNode root = document.Root;
        string apiVersion = TextOf(root, "apiVersion"u8);
        string kind = TextOf(root, "kind"u8);
        if (apiVersion is not KubeProxyConfiguration.ApiVersion || kind is not KubeProxyConfiguration.Kind)
        {
            // Some keep the configurations of several components in one file.
            _firstOther ??= $"no kind \"{kind}\" is registered for version \"{apiVersion}\"; it must be {KubeProxyConfiguration.Kind} of {KubeProxyConfiguration.ApiVersion}";
            _others.Add($"line {root.Line}: a document of kind \"{kind}\" of \"{apiVersion}\" is not for this program");
            return;
        }

        if (document.Unsupported.Count != 0)
        {
            throw document.Unsupported[0];
        }

        if (_loaded is not null)
        {
            throw new DocumentException(root.Line, "", "is a second KubeProxyConfiguration; a file holds one");
        }

        List<DocumentException> problems = [.. document.RepeatedKeys];
        KubeProxyConfiguration value = FieldReader.Read(root, problems);
        _loaded = new(value, [.. problems.Select(problem => problem.Message)]);
    }

    private static string TextOf(DocumentNode root, ReadOnlySpan<byte> key) =>
        root.Kind == DocumentKind.Mapping && root[key].Kind == DocumentKind.Text ? root[key].AsString("") : "";
}

/// <summary>A configuration with what the strict reading objected to.</summary>
/// <param name="Value">The configuration.</param>
/// <param name="StrictProblems">Unknown and repeated fields; the configuration was read without them.</param>
internal sealed record LoadedConfiguration(KubeProxyConfiguration Value, IReadOnlyList<string> StrictProblems)
{
    /// <summary>What to say of the documents of other kinds in the file, which were left out.</summary>
    public IReadOnlyList<string> OtherDocuments { get; init; } = [];
}

/// <summary>A configuration that the program must not start with.</summary>
/// <param name="message">What is wrong; begins with what kube-proxy begins it with (spec 11.7).</param>
internal sealed class ConfigurationException(string message) : Exception(message);
