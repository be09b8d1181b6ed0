using KubeProxySharp.Kubernetes.Documents;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// Reads a KubeProxyConfiguration file. Unknown and repeated fields do not stop it (spec 11.1), but are told; everything
/// else that cannot be read does.
/// </summary>
internal sealed class ConfigurationReader : IDocumentSink
{
    private LoadedConfiguration? _loaded;

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
        return reader._loaded ?? throw new ConfigurationException("failed complete: failed to decode: the file is empty");
    }

    bool IDocumentSink.OnItem(DocumentTape item, DocumentTape header) => false;

    void IDocumentSink.OnDocument(DocumentTape document, bool hadItems)
    {
        DocumentNode root = document.Root;
        string apiVersion = root["apiVersion"u8].AsString("");
        string kind = root["kind"u8].AsString("");
        if (apiVersion is not KubeProxyConfiguration.ApiVersion || kind is not KubeProxyConfiguration.Kind)
        {
            throw new ConfigurationException(
                $"failed complete: failed to decode: no kind \"{kind}\" is registered for version \"{apiVersion}\"; "
                + $"it must be {KubeProxyConfiguration.Kind} of {KubeProxyConfiguration.ApiVersion}");
        }

        if (_loaded is not null)
        {
            throw new DocumentException(root.Line, "", "is a second document; a configuration file holds one");
        }

        List<DocumentException> problems = [.. document.RepeatedKeys];
        KubeProxyConfiguration value = ConfigurationDecoder.Decode(new StrictFields(root, problems));
        _loaded = new(value, [.. problems.Select(problem => problem.Message)]);
    }
}
