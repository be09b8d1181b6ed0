using System.Text.Json;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.Proxy.Agent.Recording.EntryJsonReader;

namespace KubeProxySharp.Proxy.Agent.Recording;

/// <summary>
/// Reads the objects that <see cref="ObjectJsonWriter"/> wrote, exactly: what is missing is empty. The readers of manifests fill in what the
/// API server would, and leave out what cannot be used.
/// </summary>
internal static class ObjectJsonReader
{
    /// <summary>Reads an event of a watch.</summary>
    /// <param name="type">MODIFIED or DELETED.</param>
    /// <param name="value">The object.</param>
    /// <exception cref="RecordingException">It is none.</exception>
    public static RecordedEntry Read(string type, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new RecordingException("object is not an object");
        }

        if (type is not (EntryNames.Put or EntryNames.Delete))
        {
            throw new RecordingException($"type \"{type}\" is not {EntryNames.Put} or {EntryNames.Delete}");
        }

        bool isGone = type == EntryNames.Delete;
        string kind = Text(value, "kind");
        JsonElement metadata = Object(value, "metadata");
        NamespacedName name = new(Text(metadata, "namespace", ""), Text(metadata, "name"));
        return kind switch
        {
            EntryNames.Service => new RecordedService(name, isGone ? null : ReadService(name, value)),
            EntryNames.EndpointSlice => new RecordedSlice(name, isGone ? null : ReadSlice(name, value)),
            EntryNames.Node when !isGone => new RecordedNode(ReadNode(name.Name, value)),
            EntryNames.ServiceCidr => new RecordedServiceCidr(name.Name, isGone ? null : new ServiceCidr { Name = name.Name, Cidrs = All(Object(value, "spec"), "cidrs") }),
            _ => throw new RecordingException($"an event {type} of kind \"{kind}\" is not known"),
        };
    }

    private static Service ReadService(NamespacedName name, JsonElement value)
    {
        JsonElement spec = Object(value, "spec");
        JsonElement affinity = Object(Object(spec, "sessionAffinityConfig"), "clientIP");
        return new Service
        {
            Name = name,
            IsForOtherProxy = HasLabel(value, WellKnownLabels.ServiceProxyName),
            Type = Text(spec, "type"),
            ClusterIP = Text(spec, "clusterIP", ""),
            ClusterIPs = All(spec, "clusterIPs"),
            IpFamilies = All(spec, "ipFamilies"),
            Ports = [.. Elements(spec, "ports").Select(static port => new ServicePort
            {
                Name = Text(port, "name", ""),
                Protocol = Text(port, "protocol"),
                Port = Number(port, "port"),
                NodePort = Number(port, "nodePort"),
            })],
            ExternalIPs = All(spec, "externalIPs"),
            LoadBalancerSourceRanges = All(spec, "loadBalancerSourceRanges"),
            LoadBalancerIngress = [.. Elements(Object(Object(value, "status"), "loadBalancer"), "ingress").Select(static entry => new LoadBalancerIngress
            {
                Ip = Text(entry, "ip", ""),
                IpMode = Optional(entry, "ipMode"),
            })],
            SessionAffinity = Text(spec, "sessionAffinity"),
            SessionAffinityTimeoutSeconds = affinity.TryGetProperty("timeoutSeconds", out _) ? Number(affinity, "timeoutSeconds") : null,
            ExternalTrafficPolicy = Text(spec, "externalTrafficPolicy", ""),
            InternalTrafficPolicy = Optional(spec, "internalTrafficPolicy"),
            HealthCheckNodePort = Number(spec, "healthCheckNodePort"),
        };
    }

    private static EndpointSlice ReadSlice(NamespacedName name, JsonElement value)
    {
        EndpointSlice slice = ReadFields(name, value);
        foreach (SliceEndpoint endpoint in slice.Endpoints)
        {
            if (endpoint.Address.IsIPv4 != (slice.AddressType == AddressType.IPv4))
            {
                throw new RecordingException($"{endpoint.Address} is not an address of the addressType of the slice");
            }
        }

        return slice;
    }

    private static EndpointSlice ReadFields(NamespacedName name, JsonElement value) => new()
    {
        Name = name,
        ServiceName = Text(Object(Object(value, "metadata"), "labels"), WellKnownLabels.ServiceName, ""),
        IsHeadless = HasLabel(value, WellKnownLabels.Headless),
        AddressType = Text(value, "addressType") switch { "IPv4" => AddressType.IPv4, "IPv6" => AddressType.IPv6, _ => AddressType.Other },
        Ports = [.. Elements(value, "ports").Select(ReadPort)],
        Endpoints = [.. Elements(value, "endpoints").Select(ReadEndpoint)],
    };

    private static SlicePort ReadPort(JsonElement port)
    {
        string protocolText = Text(port, "protocol");
        int number = Number(port, "port");
        return new(
            Optional(port, "name"),
            TransportProtocols.TryParse(protocolText, out TransportProtocol protocol) ? protocol : throw new RecordingException($"protocol \"{protocolText}\" is not TCP, UDP or SCTP"),
            number is >= 0 and <= ushort.MaxValue ? (ushort)number : throw new RecordingException("port is not from 0 to 65535"));
    }

    private static SliceEndpoint ReadEndpoint(JsonElement endpoint)
    {
        JsonElement conditions = Object(endpoint, "conditions");
        JsonElement hints = Object(endpoint, "hints");
        EndpointConditions found =
            (Boolean(conditions, "ready", byDefault: true) ? EndpointConditions.Ready : EndpointConditions.None)
            | (Boolean(conditions, "serving", byDefault: true) ? EndpointConditions.Serving : EndpointConditions.None)
            | (Boolean(conditions, "terminating", byDefault: false) ? EndpointConditions.Terminating : EndpointConditions.None);
        string[] addresses = Texts(endpoint, "addresses");
        return new(
            addresses.Length == 1 ? Address(addresses[0]) : throw new RecordingException("an endpoint has not one address"),
            found,
            Optional(endpoint, "nodeName"),
            Hints(hints, "forZones"),
            Hints(hints, "forNodes"));
    }

    private static Node ReadNode(string name, JsonElement value) => new()
    {
        Name = name,
        Zone = Text(Object(Object(value, "metadata"), "labels"), WellKnownLabels.Zone, ""),
        PodCidrs = All(Object(value, "spec"), "podCIDRs"),
        Addresses = [.. Elements(Object(value, "status"), "addresses").Select(static address => new NodeAddress(Text(address, "type"), Text(address, "address")))],
        IsLeaving = Elements(Object(value, "spec"), "taints").Any(static taint => Text(taint, "key") == ManifestWriter.AutoscalerTaint),
    };

    private static EquatableArray<string> Hints(JsonElement hints, string name) => [.. Elements(hints, name).Select(static hint => Text(hint, "name"))];

    private static EquatableArray<string> All(JsonElement owner, string name) => EquatableArray.Adopt(Texts(owner, name));

    private static bool HasLabel(JsonElement value, string label) => Object(Object(value, "metadata"), "labels").TryGetProperty(label, out _);

    private static string? Optional(JsonElement owner, string name) => TryFind(owner, name, out _) ? Text(owner, name) : null;
}
