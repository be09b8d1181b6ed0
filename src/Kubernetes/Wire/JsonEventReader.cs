using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Turns JSON watch events and list items into events.</summary>
/// <param name="kind">The expected kind.</param>
/// <param name="decoder">Decodes the objects.</param>
internal sealed class JsonEventReader<T>(ExpectedKind kind, IResourceDecoder<T> decoder)
    where T : class
{
    private const string DefaultNamespace = "default";

    /// <summary>Reads an event: <c>{"type", "object"}</c>.</summary>
    /// <exception cref="WireException">It is not an event.</exception>
    public ResourceEvent<T> ReadEvent(DocumentNode root)
    {
        DocumentNode payload = root["object"u8];
        ResourceEventType type = WatchFrame.TypeOf(Encoding.UTF8.GetBytes(root["type"u8].AsString("")));
        string apiVersion = payload["apiVersion"u8].AsString("");
        string found = payload["kind"u8].AsString("");
        if (type == ResourceEventType.Error)
        {
            return new() { Type = type, Status = found == "Status" ? StatusDocumentReader.Read(payload) : new() };
        }

        if (!kind.Is(apiVersion, found))
        {
            string problem = $"the server sent {apiVersion}/{found} where {kind} was asked for";
            return new() { Type = ResourceEventType.Unusable, ResourceVersion = "", Problem = problem };
        }

        DocumentNode metadata = payload["metadata"u8];
        string version = metadata["resourceVersion"u8].AsString("");
        if (type == ResourceEventType.Bookmark)
        {
            bool isEnd = metadata["annotations"u8]["k8s.io/initial-events-end"u8].AsString("") == "true";
            return new() { Type = type, ResourceVersion = version, EndsListing = isEnd };
        }

        return type == ResourceEventType.Deleted
            ? new() { Type = type, Name = NameOf(metadata), ResourceVersion = version }
            : ReadObject(payload) with { ResourceVersion = version };
    }

    /// <summary>Reads an object, which in a list has no kind of its own.</summary>
    public ResourceEvent<T> ReadObject(DocumentNode payload)
    {
        try
        {
            T value = decoder.Decode(payload);
            return new() { Type = ResourceEventType.Put, Name = decoder.NameOf(value), Value = value, ResourceVersion = "" };
        }
        catch (DocumentException e)
        {
            NamespacedName name = NameOf(payload["metadata"u8]);
            string problem = $"{kind.Kind} {name}: {e.Field} {e.Reason}";
            return new() { Type = ResourceEventType.Unusable, Name = name, ResourceVersion = "", Problem = problem };
        }
    }

    /// <summary>The key as the decoders make it; cluster-wide kinds have no namespace.</summary>
    private NamespacedName NameOf(DocumentNode metadata)
    {
        return new(metadata["namespace"u8].AsString(kind.IsNamespaced ? DefaultNamespace : ""), metadata["name"u8].AsString(""));
    }
}
