using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Decodes one endpoint of a slice; targetRef, half of all bytes of a large list, is skipped (wire notes 8.2).</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class EndpointWireDecoder(Utf8StringPool pool)
{
    private readonly SharedSingletons<string> _singleHints = new();
    private readonly List<string> _zones = [];
    private readonly List<string> _nodes = [];

    /// <summary>Decodes an endpoint.</summary>
    /// <param name="message">The message.</param>
    /// <param name="type">The type of the slice.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="address">The text of its first address; empty if it has none.</param>
    /// <returns>False if its first address is missing or not of the slice's type.</returns>
    public bool TryDecode(ReadOnlySpan<byte> message, AddressType type, out SliceEndpoint endpoint, out ReadOnlySpan<byte> address)
    {
        address = default;
        EndpointConditions conditions = EndpointConditions.Ready | EndpointConditions.Serving;
        string? nodeName = null;
        _zones.Clear();
        _nodes.Clear();
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a when address.IsEmpty: // addresses: only the first counts
                    address = reader.ReadBytes();
                    break;
                case 0x12: // conditions
                    conditions = Conditions(reader.ReadBytes());
                    break;
                case 0x32: // nodeName
                    nodeName = pool.Get(reader.ReadBytes());
                    break;
                case 0x42: // hints
                    ReadHints(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        endpoint = default;
        if (!IpAddress.TryParse(address, out IpAddress parsed) || parsed.IsIPv4 != (type == AddressType.IPv4))
        {
            return false;
        }

        endpoint = new(parsed, conditions, nodeName, _singleHints.ArrayOf(_zones), _singleHints.ArrayOf(_nodes));
        return true;
    }

    /// <summary>Missing means ready and serving, but not terminating.</summary>
    private static EndpointConditions Conditions(ReadOnlySpan<byte> message)
    {
        bool isReady = true;
        bool isServing = true;
        bool isTerminating = false;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x08: // ready
                    isReady = reader.ReadBoolean();
                    break;
                case 0x10: // serving
                    isServing = reader.ReadBoolean();
                    break;
                case 0x18: // terminating
                    isTerminating = reader.ReadBoolean();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return (isReady ? EndpointConditions.Ready : EndpointConditions.None)
            | (isServing ? EndpointConditions.Serving : EndpointConditions.None)
            | (isTerminating ? EndpointConditions.Terminating : EndpointConditions.None);
    }

    private void ReadHints(ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // forZones
                    BoundedList.Append(_zones, HintName(reader.ReadBytes()));
                    break;
                case 0x12: // forNodes
                    BoundedList.Append(_nodes, HintName(reader.ReadBytes()));
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }
    }

    private string HintName(ReadOnlySpan<byte> message)
    {
        string name = "";
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x0a) // name
            {
                name = pool.Get(reader.ReadBytes());
            }
            else
            {
                reader.Skip(key);
            }
        }

        return name;
    }
}
