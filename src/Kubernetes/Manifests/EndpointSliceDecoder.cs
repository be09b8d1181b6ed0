using System.Globalization;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>
/// Decodes an EndpointSlice from YAML or JSON. A port or endpoint that cannot be used is left out and reported, as in
/// kube-proxy: if the whole slice were refused, its old version would stay in use and send traffic to endpoints that are gone.
/// </summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class EndpointSliceDecoder(Utf8StringPool pool)
{
    private readonly Dictionary<string, EquatableArray<string>> _singleHints = new(StringComparer.Ordinal);
    private readonly List<SliceEndpoint> _endpoints = [];
    private readonly SliceProblems _problems = new();

    public EndpointSlice Decode(DocumentNode document)
    {
        AddressType type = Type(document);
        NamespacedName name = ObjectMeta.NamespacedName(document, pool);
        _problems.Clear();
        EquatableArray<SlicePort> ports = Ports(document);
        EquatableArray<SliceEndpoint> endpoints = type == AddressType.Other ? default : Endpoints(document, type);
        return new EndpointSlice
        {
            Name = name,
            ServiceName = ObjectMeta.Label(document, "kubernetes.io/service-name"u8, pool) ?? "",
            IsHeadless = !document["metadata"u8]["labels"u8]["service.kubernetes.io/headless"u8].IsNull,
            AddressType = type,
            Ports = ports,
            Endpoints = endpoints,
            LastChangeTriggerTime = TriggerTime(document),
            Problems = _problems.Of(name),
        };
    }

    private static AddressType Type(DocumentNode document)
    {
        DocumentNode type = document["addressType"u8];
        if (!type.Is(DocumentKind.Text))
        {
            throw new DocumentException(document.Line, "addressType", "is missing");
        }

        return type.Text.SequenceEqual("IPv4"u8) ? AddressType.IPv4
            : type.Text.SequenceEqual("IPv6"u8) ? AddressType.IPv6
            : type.Text.SequenceEqual("FQDN"u8) ? AddressType.Other
            : throw type.Wrong($"\"{type.AsString("")}\" is none of IPv4, IPv6, FQDN");
    }

    private static DateTimeOffset? TriggerTime(DocumentNode document)
    {
        DocumentNode time = document["metadata"u8]["annotations"u8]["endpoints.kubernetes.io/last-change-trigger-time"u8];
        return DateTimeOffset.TryParse(time.AsString(""), CultureInfo.InvariantCulture, out DateTimeOffset parsed) ? parsed : null;
    }

    private EquatableArray<SlicePort> Ports(DocumentNode document)
    {
        List<SlicePort> ports = [];
        foreach (DocumentNode port in document["ports"u8].Elements)
        {
            try
            {
                ports.Add(Port(port));
            }
            catch (DocumentException e)
            {
                LeaveOut(document, e, "the port is left out");
            }
        }

        return EquatableArray.CopyOf(ports);
    }

    private SlicePort Port(DocumentNode port)
    {
        DocumentNode protocolNode = port["protocol"u8];
        TransportProtocol protocol = TransportProtocol.Tcp;
        if (protocolNode.Is(DocumentKind.Text) && !TransportProtocols.TryParse(protocolNode.Text, out protocol))
        {
            throw protocolNode.Wrong($"\"{protocolNode.AsString("")}\" is not TCP, UDP or SCTP");
        }

        DocumentNode name = port["name"u8];
        DocumentNode number = port["port"u8];
        int value = number.AsInt32() ?? 0;
        if (!number.IsNull && value is < 1 or > ushort.MaxValue)
        {
            throw number.Wrong($"{value} is not between 1 and 65535");
        }

        return new(name.Is(DocumentKind.Text) ? pool.Get(name.Text) : "", protocol, (ushort)value);
    }

    private EquatableArray<SliceEndpoint> Endpoints(DocumentNode document, AddressType type)
    {
        _endpoints.Clear();
        foreach (DocumentNode endpoint in document["endpoints"u8].Elements)
        {
            try
            {
                _endpoints.Add(Endpoint(document, endpoint, type));
            }
            catch (DocumentException e)
            {
                LeaveOut(document, e, "the endpoint is left out");
            }
        }

        return EquatableArray.CopyOf(_endpoints);
    }

    private SliceEndpoint Endpoint(DocumentNode document, DocumentNode endpoint, AddressType type)
    {
        DocumentNode nodeName = endpoint["nodeName"u8];
        return new(
            Address(endpoint, type),
            Conditions(endpoint["conditions"u8]),
            nodeName.Is(DocumentKind.Text) ? pool.Get(nodeName.Text) : null,
            Hints(document, endpoint, "forZones"u8),
            Hints(document, endpoint, "forNodes"u8));
    }

    /// <summary>Adds a problem with its path in the object, which in a watch event does not begin at the root of the document.</summary>
    private void LeaveOut(DocumentNode document, DocumentException reason, string consequence)
    {
        if (!_problems.HasRoom)
        {
            _problems.Count();
            return;
        }

        string root = document.Path;
        string field = root.Length != 0 && reason.Field.StartsWith(root + ".", StringComparison.Ordinal) ? reason.Field[(root.Length + 1)..] : reason.Field;
        _problems.Add(field, $"{reason.Reason}; {consequence}");
    }

    private static IpAddress Address(DocumentNode endpoint, AddressType type)
    {
        foreach (DocumentNode first in endpoint["addresses"u8].Elements)
        {
            bool isAddress = first.Is(DocumentKind.Text) & IpAddress.TryParse(first.Text, out IpAddress address);
            return isAddress && address.IsIPv4 == (type == AddressType.IPv4)
                ? address
                : throw first.Wrong($"\"{first.AsString("")}\" is not an {type} address");
        }

        throw endpoint.Wrong("has no addresses");
    }

    private static EndpointConditions Conditions(DocumentNode conditions)
    {
        EndpointConditions found = EndpointConditions.None;
        found |= conditions["ready"u8].AsBoolean() ?? true ? EndpointConditions.Ready : EndpointConditions.None;
        found |= conditions["serving"u8].AsBoolean() ?? true ? EndpointConditions.Serving : EndpointConditions.None;
        found |= conditions["terminating"u8].AsBoolean() ?? false ? EndpointConditions.Terminating : EndpointConditions.None;
        return found;
    }

    /// <summary>Hints only restrict the use of an endpoint: if they cannot be read, it is used by all nodes and zones.</summary>
    private EquatableArray<string> Hints(DocumentNode document, DocumentNode endpoint, ReadOnlySpan<byte> key)
    {
        try
        {
            return Hints(endpoint["hints"u8][key]);
        }
        catch (DocumentException e)
        {
            LeaveOut(document, e, "the hints are ignored");
            return default;
        }
    }

    /// <summary>Names of hints; the usual list of one name is shared between all endpoints that have it.</summary>
    private EquatableArray<string> Hints(DocumentNode list)
    {
        List<string>? several = null;
        string? single = null;
        foreach (DocumentNode hint in list.Elements)
        {
            DocumentNode nameNode = hint["name"u8];
            string name = nameNode.Is(DocumentKind.Text) ? pool.Get(nameNode.Text) : "";
            if (single is null)
            {
                single = name;
            }
            else
            {
                several ??= [single];
                several.Add(name);
            }
        }

        if (several is not null || single is null)
        {
            return several is null ? default : EquatableArray.CopyOf(several);
        }

        if (!_singleHints.TryGetValue(single, out EquatableArray<string> shared))
        {
            shared = [single];
            _singleHints.Add(single, shared);
        }

        return shared;
    }
}
