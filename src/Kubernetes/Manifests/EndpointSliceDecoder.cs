using System.Globalization;
using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>Decodes an EndpointSlice from YAML or JSON.</summary>
/// <param name="pool">Shares repeated strings.</param>
internal sealed class EndpointSliceDecoder(Utf8StringPool pool)
{
    private readonly Dictionary<string, EquatableArray<string>> _singleHints = new(StringComparer.Ordinal);
    private readonly List<SliceEndpoint> _endpoints = [];

    public EndpointSlice Decode(DocumentNode document)
    {
        AddressType type = Type(document);
        return new EndpointSlice
        {
            Name = ObjectMeta.NamespacedName(document, pool),
            ServiceName = ObjectMeta.Label(document, "kubernetes.io/service-name"u8, pool) ?? "",
            IsHeadless = !document["metadata"u8]["labels"u8]["service.kubernetes.io/headless"u8].IsNull,
            AddressType = type,
            Ports = Ports(document["ports"u8]),
            Endpoints = type == AddressType.Other ? default : Endpoints(document["endpoints"u8], type),
            LastChangeTriggerTime = TriggerTime(document),
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

    private EquatableArray<SlicePort> Ports(DocumentNode list)
    {
        List<SlicePort> ports = [];
        foreach (DocumentNode port in list.Elements)
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

            ports.Add(new(name.Is(DocumentKind.Text) ? pool.Get(name.Text) : "", protocol, (ushort)value));
        }

        return EquatableArray.CopyOf(ports);
    }

    private EquatableArray<SliceEndpoint> Endpoints(DocumentNode list, AddressType type)
    {
        _endpoints.Clear();
        foreach (DocumentNode endpoint in list.Elements)
        {
            DocumentNode nodeName = endpoint["nodeName"u8];
            DocumentNode hints = endpoint["hints"u8];
            _endpoints.Add(new(
                Address(endpoint, type),
                Conditions(endpoint["conditions"u8]),
                nodeName.Is(DocumentKind.Text) ? pool.Get(nodeName.Text) : null,
                Hints(hints["forZones"u8]),
                Hints(hints["forNodes"u8])));
        }

        return EquatableArray.CopyOf(_endpoints);
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
