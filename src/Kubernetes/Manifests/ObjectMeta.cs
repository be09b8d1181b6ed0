using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary><c>metadata</c> of an object, read where it stands.</summary>
internal static class ObjectMeta
{
    /// <summary>The name, which every object has.</summary>
    public static string Name(DocumentNode document, Utf8StringPool pool)
    {
        DocumentNode metadata = document["metadata"u8];
        DocumentNode name = metadata["name"u8];
        return name.Is(DocumentKind.Text) && !name.Text.IsEmpty
            ? pool.Get(name.Text)
            : throw new DocumentException(metadata.IsNull ? document.Line : metadata.Line, "metadata.name", "is missing");
    }

    /// <summary>Namespace and name; a missing namespace is <c>default</c>, as the API server has it.</summary>
    public static NamespacedName NamespacedName(DocumentNode document, Utf8StringPool pool)
    {
        DocumentNode space = document["metadata"u8]["namespace"u8];
        string text = space.Is(DocumentKind.Text) ? pool.Get(space.Text) : "";
        return new(text.Length == 0 ? "default" : text, Name(document, pool));
    }

    /// <summary>A label; null if it is missing.</summary>
    public static string? Label(DocumentNode document, ReadOnlySpan<byte> key, Utf8StringPool pool)
    {
        DocumentNode label = document["metadata"u8]["labels"u8][key];
        return label.Is(DocumentKind.Text) ? pool.Get(label.Text) : null;
    }
}
