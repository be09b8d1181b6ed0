using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes a Service.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class ServiceWireDecoder(Utf8StringPool pool) : IResourceDecoder<Service>
{
    private readonly ServiceDecoder _documents = new(pool);
    private readonly ServiceSpecWireDecoder _spec = new(pool);

    /// <inheritdoc/>
    public Service Decode(ReadOnlySpan<byte> message, NameTable names)
    {
        ObjectHeader header = default;
        ReadOnlySpan<byte> spec = default;
        ReadOnlySpan<byte> status = default;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case ObjectHeader.Key:
                    header = ObjectHeader.Read(reader.ReadBytes());
                    break;
                case 0x12: // spec
                    spec = reader.ReadBytes();
                    break;
                case 0x1a: // status
                    status = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        bool isForOtherProxy = header.TryGetLabel("service.kubernetes.io/service-proxy-name"u8, out _);
        return _spec.Decode(WireName.Namespaced(header, names), isForOtherProxy, spec, status);
    }

    /// <inheritdoc/>
    public Service Decode(DocumentNode document) => _documents.Decode(document);

    /// <inheritdoc/>
    public NamespacedName NameOf(Service value) => value.Name;
}
