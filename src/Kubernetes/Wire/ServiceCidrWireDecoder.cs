using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes a ServiceCIDR.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class ServiceCidrWireDecoder(Utf8StringPool pool) : IResourceDecoder<ServiceCidr>
{
    private readonly NodeDecoder _documents = new(pool);
    private readonly List<string> _cidrs = [];

    /// <inheritdoc/>
    public ServiceCidr Decode(ReadOnlySpan<byte> message, NameTable names)
    {
        ObjectHeader header = default;
        _cidrs.Clear();
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case ObjectHeader.Key:
                    header = ObjectHeader.Read(reader.ReadBytes());
                    break;
                case 0x12: // spec
                    ReadSpec(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new ServiceCidr { Name = WireName.ClusterWide(header, names).Name, Cidrs = EquatableArray.CopyOf(_cidrs) };
    }

    /// <inheritdoc/>
    public ServiceCidr Decode(DocumentNode document) => _documents.DecodeServiceCidr(document);

    /// <inheritdoc/>
    public NamespacedName NameOf(ServiceCidr value) => new("", value.Name);

    private void ReadSpec(ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x0a) // cidrs
            {
                BoundedList.Append(_cidrs, Encoding.UTF8.GetString(reader.ReadBytes()));
            }
            else
            {
                reader.Skip(key);
            }
        }
    }
}
