using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes a Node; of its status only the addresses are read.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class NodeWireDecoder(Utf8StringPool pool) : IResourceDecoder<Node>
{
    private const int AddressesKey = 0x2a;

    private readonly NodeDecoder _documents = new(pool);
    private readonly List<string> _podCidrs = [];
    private readonly List<NodeAddress> _addresses = [];

    /// <inheritdoc/>
    public Node Decode(ReadOnlySpan<byte> message, NameTable names)
    {
        ObjectHeader header = default;
        bool hasAutoscalerTaint = false;
        _podCidrs.Clear();
        _addresses.Clear();
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case ObjectHeader.Key:
                    header = ObjectHeader.Read(reader.ReadBytes());
                    break;
                case 0x12: // spec
                    hasAutoscalerTaint = ReadSpec(reader.ReadBytes());
                    break;
                case 0x1a: // status
                    ReadStatus(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new Node
        {
            Name = WireName.ClusterWide(header, names).Name,
            Zone = header.TryGetLabel("topology.kubernetes.io/zone"u8, out ReadOnlySpan<byte> zone) ? pool.Get(zone) : "",
            PodCidrs = EquatableArray.CopyOf(_podCidrs),
            Addresses = EquatableArray.CopyOf(_addresses),
            IsLeaving = header.IsBeingDeleted || hasAutoscalerTaint,
        };
    }

    /// <inheritdoc/>
    public Node Decode(DocumentNode document) => _documents.DecodeNode(document);

    /// <inheritdoc/>
    public NamespacedName NameOf(Node value) => new("", value.Name);

    private static bool IsAutoscalerTaint(ReadOnlySpan<byte> message)
    {
        bool isAutoscalers = false;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x0a) // key
            {
                isAutoscalers = reader.ReadBytes().SequenceEqual("ToBeDeletedByClusterAutoscaler"u8);
            }
            else
            {
                reader.Skip(key);
            }
        }

        return isAutoscalers;
    }

    private bool ReadSpec(ReadOnlySpan<byte> message)
    {
        string podCidr = "";
        bool hasAutoscalerTaint = false;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // podCIDR
                    podCidr = Encoding.UTF8.GetString(reader.ReadBytes());
                    break;
                case 0x2a: // taints
                    hasAutoscalerTaint |= IsAutoscalerTaint(reader.ReadBytes());
                    break;
                case 0x3a: // podCIDRs
                    BoundedList.Append(_podCidrs, Encoding.UTF8.GetString(reader.ReadBytes()));
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        if (_podCidrs.Count == 0 && podCidr.Length != 0)
        {
            _podCidrs.Add(podCidr);
        }

        return hasAutoscalerTaint;
    }

    private void ReadStatus(ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == AddressesKey)
            {
                BoundedList.Append(_addresses, Address(reader.ReadBytes()));
            }
            else
            {
                reader.Skip(key);
            }
        }
    }

    private NodeAddress Address(ReadOnlySpan<byte> message)
    {
        string type = "";
        string address = "";
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // type
                    type = pool.Get(reader.ReadBytes());
                    break;
                case 0x12: // address
                    address = pool.Get(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new(type, address);
    }
}
