using k8s;
using k8s.Models;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>
/// KubernetesClient's reader of JSON, which shares no code with ours, finds in a body what our readers of protobuf, JSON and
/// manifests find. What is compared is a text with every field that the rule model has, defaults filled in.
/// </summary>
public sealed class LibraryReaderTests
{
    [Fact]
    public async Task RecordedServicesSayTheSame()
    {
        foreach (string name in new[] { "services/list", "gzip/list-identity" })
        {
            string[] expected = [.. Read<V1ServiceList>(RecordedBodies.Body(name + ".json")).Items.Select(TextOf)];

            expected.Should().NotBeEmpty();
            Values(await Streams.Read(ApiResources.Services, name + ".json", isWatch: false)).Select(TextOf).Should().Equal(expected);
            Manifest(RecordedBodies.Body(name + ".json")).Services.Values.Select(TextOf).Should().BeEquivalentTo(expected);
        }

        Values(await Streams.Read(ApiResources.Services, "services/list.pb", isWatch: false)).Select(TextOf)
            .Should().Equal(Read<V1ServiceList>(RecordedBodies.Body("services/list.json")).Items.Select(TextOf));
    }

    [Fact]
    public async Task RecordedEndpointSlicesSayTheSame()
    {
        string[] expected = [.. Read<V1EndpointSliceList>(RecordedBodies.Body("endpointslices/list.json")).Items.Select(TextOf)];

        expected.Should().NotBeEmpty();
        Values(await Streams.Read(ApiResources.EndpointSlices, "endpointslices/list.pb", isWatch: false)).Select(TextOf).Should().Equal(expected);
        Values(await Streams.Read(ApiResources.EndpointSlices, "endpointslices/list.json", isWatch: false)).Select(TextOf).Should().Equal(expected);
        Manifest(RecordedBodies.Body("endpointslices/list.json")).EndpointSlices.Values.Select(TextOf).Should().BeEquivalentTo(expected);
    }

    [Fact]
    public async Task RecordedNodesAndServiceCidrsSayTheSame()
    {
        string[] nodes = [.. Read<V1NodeList>(RecordedBodies.Body("nodes/list.json")).Items.Select(TextOf)];
        string[] cidrs = [.. Read<V1ServiceCIDRList>(RecordedBodies.Body("servicecidrs/list.json")).Items.Select(cidr => $"{cidr.Metadata.Name} {Joined(cidr.Spec.Cidrs)}")];

        Values(await Streams.Read(ApiResources.Node("node-a"), "nodes/list.pb", isWatch: false)).Select(TextOf).Should().Equal(nodes).And.NotBeEmpty();
        Manifest(RecordedBodies.Body("nodes/list.json")).Nodes.Values.Select(TextOf).Should().BeEquivalentTo(nodes);
        Values(await Streams.Read(ApiResources.ServiceCidrs, "servicecidrs/list.pb", isWatch: false))
            .Select(cidr => $"{cidr.Name} {Joined(Each(cidr.Cidrs))}").Should().Equal(cidrs).And.NotBeEmpty();
    }

    [Fact]
    public async Task RandomServicesThatTheLibraryWritesAreReadAsTheyWere()
    {
        Random random = new(7);
        V1ServiceList list = new() { ApiVersion = "v1", Kind = "ServiceList", Metadata = new() { ResourceVersion = "7" }, Items = [] };
        for (int number = 0; number < 500; number++)
        {
            list.Items.Add(RandomService(random, number));
        }

        byte[] json = System.Text.Encoding.UTF8.GetBytes(KubernetesJson.Serialize(list));
        string[] expected = [.. list.Items.Select(TextOf)];

        Values(await Streams.Read(ApiResources.Services, json, WireFormat.Json, isWatch: false, piece: 777)).Select(TextOf).Should().Equal(expected);
        Manifest(json).Services.Values.Select(TextOf).Should().BeEquivalentTo(expected);
    }

    private static V1Service RandomService(Random random, int number)
    {
        string Pick(params string[] texts) => texts[random.Next(texts.Length)];
        T? Maybe<T>(Func<T> make) => random.Next(2) == 0 ? default : make();
        return new()
        {
            Metadata = new() { Name = $"s-{number}", NamespaceProperty = Pick("shop", "büro", "\"x\\"), ResourceVersion = "1", Labels = Maybe(() => new Dictionary<string, string>(StringComparer.Ordinal) { ["a/b"] = "c" }) },
            Spec = new()
            {
                Type = Pick("ClusterIP", "NodePort", "LoadBalancer"),
                ClusterIP = $"10.96.0.{number % 250}",
                ClusterIPs = [$"10.96.0.{number % 250}", $"fd00::{number:x}"],
                IpFamilies = ["IPv4", "IPv6"],
                Ports = [.. Enumerable.Range(0, random.Next(4)).Select(index => new V1ServicePort
                {
                    Name = $"p{index}",
                    Protocol = Pick("TCP", "UDP", "SCTP"),
                    Port = random.Next(1, 65536),
                    TargetPort = Pick("http", "8080"),
                    NodePort = Maybe(() => (int?)random.Next(30000, 32768)),
                }),],
                ExternalIPs = Maybe<IList<string>>(() => ["192.0.2.1", "2001:db8::1"]),
                LoadBalancerSourceRanges = Maybe<IList<string>>(() => ["10.0.0.0/8"]),
                SessionAffinity = Pick("None", "ClientIP"),
                SessionAffinityConfig = Maybe(() => new V1SessionAffinityConfig { ClientIP = new() { TimeoutSeconds = random.Next(1, 86400) } }),
                ExternalTrafficPolicy = Maybe(() => Pick("Local", "Cluster")),
                InternalTrafficPolicy = Maybe(() => Pick("Local", "Cluster")),
                HealthCheckNodePort = Maybe(() => (int?)random.Next(30000, 32768)),
            },
            Status = Maybe(() => new V1ServiceStatus { LoadBalancer = new() { Ingress = [new() { Ip = "203.0.113.9", IpMode = Maybe(() => Pick("VIP", "Proxy")) }] } }),
        };
    }

    private static string TextOf(V1Service service) => Joined(
    [
        service.Metadata.NamespaceProperty, service.Metadata.Name, service.Spec.Type, service.Spec.ClusterIP,
        Joined(service.Spec.ClusterIPs), Joined(service.Spec.IpFamilies),
        Joined(service.Spec.Ports?.Select(port => $"{port.Name}:{port.Protocol}:{port.Port}:{port.NodePort ?? 0}")),
        Joined(service.Spec.ExternalIPs), Joined(service.Spec.LoadBalancerSourceRanges),
        Joined(service.Status?.LoadBalancer?.Ingress?.Select(ingress => $"{ingress.Ip}:{ingress.IpMode}")),
        service.Spec.SessionAffinity, $"{service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds}",
        service.Spec.ExternalTrafficPolicy ?? "", service.Spec.InternalTrafficPolicy ?? "Cluster", $"{service.Spec.HealthCheckNodePort ?? 0}",
    ]);

    private static string TextOf(Service service) => Joined(
    [
        service.Name.Namespace, service.Name.Name, service.Type, service.ClusterIP,
        Joined(Each(service.ClusterIPs)), Joined(Each(service.IpFamilies)),
        Joined(Each(service.Ports).Select(port => $"{port.Name}:{port.Protocol}:{port.Port}:{port.NodePort}")),
        Joined(Each(service.ExternalIPs)), Joined(Each(service.LoadBalancerSourceRanges)),
        Joined(Each(service.LoadBalancerIngress).Select(ingress => $"{ingress.Ip}:{ingress.IpMode}")),
        service.SessionAffinity, $"{service.SessionAffinityTimeoutSeconds}",
        service.ExternalTrafficPolicy, service.InternalTrafficPolicy ?? "", $"{service.HealthCheckNodePort}",
    ]);

    private static string TextOf(V1EndpointSlice slice) => Joined(
    [
        slice.Metadata.NamespaceProperty, slice.Metadata.Name, slice.Metadata.Labels?["kubernetes.io/service-name"] ?? "", slice.AddressType,
        Joined(slice.Ports?.Select(port => $"{port.Name}:{port.Protocol}:{port.Port}".ToUpperInvariant())),
        Joined(slice.Endpoints?.Select(endpoint =>
            $"{endpoint.Addresses[0]}:{endpoint.Conditions?.Ready ?? true}:{endpoint.Conditions?.Serving ?? true}:{endpoint.Conditions?.Terminating ?? false}:{endpoint.NodeName}"
            + $":{Joined(endpoint.Hints?.ForZones?.Select(zone => zone.Name))}:{Joined(endpoint.Hints?.ForNodes?.Select(node => node.Name))}")),
    ]);

    private static string TextOf(EndpointSlice slice) => Joined(
    [
        slice.Name.Namespace, slice.Name.Name, slice.ServiceName, $"{slice.AddressType}",
        Joined(Each(slice.Ports).Select(port => $"{port.Name}:{port.Protocol}:{port.Port}".ToUpperInvariant())),
        Joined(Each(slice.Endpoints).Select(endpoint =>
            $"{endpoint.Address}:{endpoint.Conditions.HasFlag(EndpointConditions.Ready)}:{endpoint.Conditions.HasFlag(EndpointConditions.Serving)}"
            + $":{endpoint.Conditions.HasFlag(EndpointConditions.Terminating)}:{endpoint.NodeName}:{Joined(Each(endpoint.ZoneHints))}:{Joined(Each(endpoint.NodeHints))}")),
    ]);

    private static string TextOf(V1Node node) => Joined(
    [
        node.Metadata.Name, node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/zone", out string? zone) is true ? zone : "", Joined(node.Spec.PodCIDRs),
        Joined(node.Status?.Addresses?.Select(address => $"{address.Type}={address.Address}")), $"{node.Metadata.DeletionTimestamp is not null}",
    ]);

    private static string TextOf(Node node) => Joined(
    [
        node.Name, node.Zone, Joined(Each(node.PodCidrs)), Joined(Each(node.Addresses).Select(address => $"{address.Type}={address.Address}")), $"{node.IsLeaving}",
    ]);

    private static string Joined(IEnumerable<string>? texts) => "[" + string.Join(' ', texts ?? []) + "]";

    private static T[] Each<T>(EquatableArray<T> array) => array.AsSpan().ToArray();

    private static T Read<T>(byte[] body)
    {
        using MemoryStream stream = new(body);
        return KubernetesJson.Deserialize<T>(stream);
    }

    private static List<T> Values<T>(List<ResourceEvent<T>> events)
        where T : class => [.. events.Where(item => item.Value is not null).Select(item => item.Value!)];

    private static ManifestObjects Manifest(byte[] body)
    {
        ManifestReader reader = new();
        using MemoryStream stream = new(body);
        reader.Read("body", stream);
        return reader.Objects;
    }
}
