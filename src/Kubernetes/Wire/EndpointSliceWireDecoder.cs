using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// Decodes an EndpointSlice. In the message, addressType comes after the endpoints, so these are read in a second pass (wire
/// notes 1.9). Endpoints with an address of another family and ports of an unknown protocol are left out and reported.
/// </summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class EndpointSliceWireDecoder(Utf8StringPool pool) : IResourceDecoder<EndpointSlice>
{
    private const uint EndpointsKey = 0x12;
    private const int MaxTimeLength = 64;
    private const int MaxShownLength = 64;

    private readonly EndpointSliceDecoder _documents = new(pool);
    private readonly EndpointWireDecoder _endpoint = new(pool);
    private readonly SharedSingletons<SlicePort> _singlePorts = new();
    private readonly List<SlicePort> _ports = [];
    private readonly List<SliceEndpoint> _endpoints = [];
    private readonly SliceProblems _problems = new();

    /// <inheritdoc/>
    public EndpointSlice Decode(ReadOnlySpan<byte> message, NameTable names)
    {
        ObjectHeader header = default;
        AddressType type = AddressType.Other;
        _ports.Clear();
        _problems.Clear();
        int ports = 0;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case ObjectHeader.Key:
                    header = ObjectHeader.Read(reader.ReadBytes());
                    break;
                case 0x1a: // ports
                    AddPort(reader.ReadBytes(), ports++);
                    break;
                case 0x22: // addressType
                    type = TypeOf(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        NamespacedName name = WireName.Namespaced(header, names);
        EquatableArray<SliceEndpoint> endpoints = type == AddressType.Other ? default : Endpoints(message, type);
        return new EndpointSlice
        {
            Name = name,
            ServiceName = header.TryGetLabel("kubernetes.io/service-name"u8, out ReadOnlySpan<byte> service) ? pool.Get(service) : "",
            IsHeadless = header.TryGetLabel("service.kubernetes.io/headless"u8, out _),
            AddressType = type,
            Ports = _singlePorts.ArrayOf(_ports),
            Endpoints = endpoints,
            LastChangeTriggerTime = TriggerTime(header),
            Problems = _problems.Of(name),
        };
    }

    /// <inheritdoc/>
    public EndpointSlice Decode(DocumentNode document) => _documents.Decode(document);

    /// <inheritdoc/>
    public NamespacedName NameOf(EndpointSlice value) => value.Name;

    private static AddressType TypeOf(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("IPv4"u8) ? AddressType.IPv4
        : text.SequenceEqual("IPv6"u8) ? AddressType.IPv6
        : AddressType.Other;

    private static DateTimeOffset? TriggerTime(in ObjectHeader header)
    {
        bool isGiven = header.TryGetAnnotation("endpoints.kubernetes.io/last-change-trigger-time"u8, out ReadOnlySpan<byte> utf8);
        if (!isGiven || utf8.Length > MaxTimeLength)
        {
            return null;
        }

        Span<char> text = stackalloc char[MaxTimeLength];
        int length = Encoding.UTF8.GetChars(utf8, text);
        return DateTimeOffset.TryParse(text[..length], CultureInfo.InvariantCulture, out DateTimeOffset time) ? time : null;
    }

    private void AddPort(ReadOnlySpan<byte> message, int index)
    {
        string? name = null;
        ReadOnlySpan<byte> protocolText = default;
        TransportProtocol protocol = TransportProtocol.Tcp;
        bool isKnown = true;
        int port = 0;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // name
                    name = pool.Get(reader.ReadBytes());
                    break;
                case 0x12: // protocol
                    protocolText = reader.ReadBytes();
                    isKnown = TransportProtocols.TryParse(protocolText, out protocol);
                    break;
                case 0x18: // port
                    port = reader.ReadInt32();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        if (!isKnown)
        {
            _problems.Add($"ports[{index}].protocol", $"\"{Shown(protocolText)}\" is not TCP, UDP or SCTP; the port is left out");
        }
        else if (port is < 0 or > ushort.MaxValue)
        {
            _problems.Add($"ports[{index}].port", $"{port} is not between 1 and 65535; the port is left out");
        }
        else
        {
            BoundedList.Append(_ports, new(name, protocol, (ushort)port));
        }
    }

    private EquatableArray<SliceEndpoint> Endpoints(ReadOnlySpan<byte> message, AddressType type)
    {
        _endpoints.Clear();
        int index = 0;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key != EndpointsKey)
            {
                reader.Skip(key);
            }
            else
            {
                if (_endpoint.TryDecode(reader.ReadBytes(), type, out SliceEndpoint endpoint, out ReadOnlySpan<byte> address))
                {
                    BoundedList.Append(_endpoints, endpoint);
                }
                else
                {
                    LeaveOut(index, address, type);
                }

                index++;
            }
        }

        return EquatableArray.CopyOf(_endpoints);
    }

    private void LeaveOut(int index, ReadOnlySpan<byte> address, AddressType type)
    {
        if (!_problems.HasRoom)
        {
            _problems.Count();
        }
        else if (address.IsEmpty)
        {
            _problems.Add($"endpoints[{index}]", "has no addresses; the endpoint is left out");
        }
        else
        {
            _problems.Add($"endpoints[{index}].addresses[0]", $"\"{Shown(address)}\" is not an {type} address; the endpoint is left out");
        }
    }

    /// <summary>Shortens a value for a message; an invalid value may be very long.</summary>
    private static string Shown(ReadOnlySpan<byte> text) =>
        text.Length <= MaxShownLength ? Encoding.UTF8.GetString(text) : Encoding.UTF8.GetString(text[..MaxShownLength]) + "...";
}
