using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes of an object in a namespace nothing but its name and uid.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class ObjectUidDecoder(Utf8StringPool pool) : IResourceDecoder<ObjectUid>
{
    /// <inheritdoc/>
    public ObjectUid Decode(ReadOnlySpan<byte> message, NameTable names)
    {
        ReadOnlySpan<byte> metadata = default;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == ObjectHeader.Key)
            {
                metadata = reader.ReadBytes();
            }
            else
            {
                reader.Skip(key);
            }
        }

        return new(WireName.Namespaced(ObjectHeader.Read(metadata), names), UidOf(metadata));
    }

    /// <inheritdoc/>
    public ObjectUid Decode(DocumentNode document) =>
        new(ObjectMeta.NamespacedName(document, pool), document["metadata"u8]["uid"u8].AsString(""));

    /// <inheritdoc/>
    public NamespacedName NameOf(ObjectUid value) => value.Name;

    private static string UidOf(ReadOnlySpan<byte> metadata)
    {
        WireReader reader = new(metadata);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x2a) // uid
            {
                return Encoding.UTF8.GetString(reader.ReadBytes());
            }

            reader.Skip(key);
        }

        return "";
    }
}
