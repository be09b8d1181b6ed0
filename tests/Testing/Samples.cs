using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Testing;

/// <summary>Short ways to write objects in tests; everything not said is as usual.</summary>
public static class Samples
{
    public static readonly NamespacedName Web = new("shop", "web");

    /// <summary>A ClusterIP Service shop/web with the port http 80/TCP.</summary>
    public static Service Service { get; } = new()
    {
        Name = Web,
        ClusterIP = "10.96.0.10",
        ClusterIPs = ["10.96.0.10"],
        IpFamilies = ["IPv4"],
        Ports = [new ServicePort { Name = "http", Port = 80 }],
        InternalTrafficPolicy = "Cluster",
    };

    /// <summary>A LoadBalancer Service shop/web with a node port, a load-balancer IP and an external IP.</summary>
    public static Service LoadBalancer { get; } = Service with
    {
        Type = "LoadBalancer",
        Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30080 }],
        LoadBalancerIngress = [new LoadBalancerIngress { Ip = "198.51.100.7" }],
        ExternalIPs = ["203.0.113.9"],
        HealthCheckNodePort = 32000,
    };

    /// <summary>A slice of shop/web with port http 8080/TCP.</summary>
    public static EndpointSlice Slice(params SliceEndpoint[] endpoints) => new()
    {
        Name = new("shop", "web-1"),
        ServiceName = "web",
        AddressType = AddressType.IPv4,
        Ports = [new SlicePort("http", TransportProtocol.Tcp, 8080)],
        Endpoints = EquatableArray.Adopt(endpoints),
    };

    /// <summary>
    /// An endpoint. The words are: ready, serving, terminating (ready alone means ready and serving), local, zone=NAME,
    /// node=NAME.
    /// </summary>
    public static SliceEndpoint Endpoint(string address, string words = "ready")
    {
        EndpointConditions conditions = EndpointConditions.None;
        string node = "node-b";
        List<string> zones = [];
        List<string> nodes = [];
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (word.Split('=')[0])
            {
                case "ready":
                    conditions |= EndpointConditions.Ready | EndpointConditions.Serving;
                    break;
                case "serving":
                    conditions |= EndpointConditions.Serving;
                    break;
                case "terminating":
                    conditions |= EndpointConditions.Terminating;
                    break;
                case "local":
                    node = RandomCluster.NodeName;
                    break;
                case "zone":
                    zones.Add(word[5..]);
                    break;
                case "node":
                    nodes.Add(word[5..]);
                    break;
                default:
                    throw new ArgumentException(word, nameof(words));
            }
        }

        return new(IpAddress.Parse(address), conditions, node, EquatableArray.CopyOf(zones), EquatableArray.CopyOf(nodes));
    }

    /// <summary>The IPv4 rules of the only port of a Service with slices, on the usual node.</summary>
    public static ServicePortRules Port(Service service, params EndpointSlice[] slices) => Port(service, Nodes.IPv4, slices);

    public static ServicePortRules Port(Service service, NodeSettings settings, params EndpointSlice[] slices) =>
        Model([service], slices, settings).IPv4.Services[service.Name].Ports[0];

    public static RuleModelSnapshot Model(IEnumerable<Service> services, IEnumerable<EndpointSlice> slices, NodeSettings? ipv4 = null, NodeSettings? ipv6 = null)
    {
        ClusterState state = new(allowExternalIPs: true);
        foreach (Service service in services)
        {
            state.Set(service, []);
        }

        foreach (EndpointSlice slice in slices)
        {
            state.Set(slice);
        }

        return RuleModelBuilder.Build(state, ipv4 ?? Nodes.IPv4, ipv6 ?? Nodes.IPv6);
    }

    /// <summary>The endpoints of a group as texts.</summary>
    public static string Texts(EquatableArray<Endpoint> endpoints) =>
        string.Join(' ', endpoints.AsSpan().ToArray().Select(endpoint => endpoint.Target.Address.ToString()));
}
