using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Replaces names and addresses in objects, field by field.</summary>
/// <param name="names">Chooses names.</param>
/// <param name="addresses">Chooses addresses.</param>
internal sealed class ObjectAnonymizer(NameMap names, AddressText addresses)
{
    /// <summary>Values of fields that are words of Kubernetes; a field with another value is wrong, and its text may be anything.</summary>
    private static readonly HashSet<string> s_words = new(StringComparer.Ordinal)
    {
        "", "None", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "IPv4", "IPv6", "TCP", "UDP", "SCTP", "ClientIP", "Cluster", "Local", "VIP", "Proxy",
        "InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS",
    };

    /// <summary>Replaces.</summary>
    public ManifestObjects Map(ManifestObjects objects)
    {
        ManifestObjects mapped = new();
        foreach (Service service in objects.Services.Values.Select(Map))
        {
            mapped.Services[service.Name] = service;
        }

        foreach (EndpointSlice slice in objects.EndpointSlices.Values.Select(Map))
        {
            mapped.EndpointSlices[slice.Name] = slice;
        }

        foreach (Node node in objects.Nodes.Values.Select(Map))
        {
            mapped.Nodes[node.Name] = node;
        }

        foreach (Pod pod in objects.Pods.Values.Select(Map))
        {
            mapped.Pods[pod.Name] = pod;
        }

        foreach (ServiceCidr cidr in objects.ServiceCidrs.Values.Select(Map))
        {
            mapped.ServiceCidrs[cidr.Name] = cidr;
        }

        return mapped;
    }

    private Service Map(Service service) => service with
    {
        Name = new(names.Namespace(service.Name.Namespace), names.Service(service.Name.Name)),
        Type = Word(service.Type),
        ClusterIP = Address(service.ClusterIP),
        ClusterIPs = Addresses(service.ClusterIPs),
        IpFamilies = Each(service.IpFamilies, Word),
        Ports = EquatableArray.Adopt<ServicePort>([.. service.Ports.AsSpan().ToArray().Select(port => port with { Name = names.Port(port.Name), Protocol = Word(port.Protocol) })]),
        ExternalIPs = Addresses(service.ExternalIPs),
        LoadBalancerSourceRanges = Addresses(service.LoadBalancerSourceRanges),
        LoadBalancerIngress = EquatableArray.Adopt<LoadBalancerIngress>(
            [.. service.LoadBalancerIngress.AsSpan().ToArray().Select(ingress => new LoadBalancerIngress { Ip = Address(ingress.Ip), IpMode = ingress.IpMode is { } mode ? Word(mode) : null })]),
        SessionAffinity = Word(service.SessionAffinity),
        ExternalTrafficPolicy = Word(service.ExternalTrafficPolicy),
        InternalTrafficPolicy = service.InternalTrafficPolicy is { } policy ? Word(policy) : null,
    };

    private EndpointSlice Map(EndpointSlice slice) => slice with
    {
        Name = new(names.Namespace(slice.Name.Namespace), names.Slice(slice.Name.Name)),
        ServiceName = names.Service(slice.ServiceName),
        Ports = EquatableArray.Adopt<SlicePort>([.. slice.Ports.AsSpan().ToArray().Select(port => port with { Name = port.Name is { } name ? names.Port(name) : null })]),
        Endpoints = EquatableArray.Adopt<SliceEndpoint>([.. slice.Endpoints.AsSpan().ToArray().Select(Map)]),
        LastChangeTriggerTime = null,
        Problems = default,
    };

    private SliceEndpoint Map(SliceEndpoint endpoint) => endpoint with
    {
        Address = addresses.Addresses.Map(endpoint.Address),
        NodeName = endpoint.NodeName is { } node ? names.Node(node) : null,
        ZoneHints = Each(endpoint.ZoneHints, names.Zone),
        NodeHints = Each(endpoint.NodeHints, names.Node),
    };

    private Node Map(Node node) => node with
    {
        Name = names.Node(node.Name),
        Zone = names.Zone(node.Zone),
        PodCidrs = Addresses(node.PodCidrs),
        Addresses = EquatableArray.Adopt<NodeAddress>(
            [.. node.Addresses.AsSpan().ToArray().Select(address => new NodeAddress(Word(address.Type), addresses.Map(address.Address) ?? names.Node(address.Address)))]),
    };

    private Pod Map(Pod pod) => pod with
    {
        Name = new(names.Namespace(pod.Name.Namespace), names.Pod(pod.Name.Name)),
        Addresses = Addresses(pod.Addresses),
        NodeName = names.Node(pod.NodeName),
    };

    private ServiceCidr Map(ServiceCidr cidr) => cidr with { Name = names.Word(cidr.Name), Cidrs = Addresses(cidr.Cidrs) };

    private string Word(string text) => s_words.Contains(text) ? text : names.Word(text);

    private string Address(string text) => addresses.Map(text) ?? addresses.Map(text.Trim()) ?? Word(text);

    private EquatableArray<string> Addresses(EquatableArray<string> texts) => Each(texts, Address);

    private static EquatableArray<string> Each(EquatableArray<string> texts, Func<string, string> map) => texts.IsEmpty ? texts : EquatableArray.Adopt<string>([.. texts.AsSpan().ToArray().Select(map)]);
}
