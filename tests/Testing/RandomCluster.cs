using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Testing;

/// <summary>Makes random clusters and random changes to them, the same for the same seed.</summary>
public sealed class RandomCluster(int seed)
{
    public const string NodeName = "node-a";

    private static readonly string[] s_protocols = ["TCP", "UDP", "SCTP"];
    private static readonly string[] s_zones = ["zone-a", "zone-b"];

    private readonly Random _random = new(seed);
    private readonly Dictionary<NamespacedName, Service> _services = [];
    private readonly Dictionary<NamespacedName, EndpointSlice> _slices = [];
    private int _names;

    public IReadOnlyCollection<Service> Services => _services.Values;

    public IReadOnlyCollection<EndpointSlice> Slices => _slices.Values;

    /// <summary>Makes one random change and returns the changed object; null for a deletion.</summary>
    public (Service? Service, EndpointSlice? Slice, NamespacedName Name, bool IsService) Change()
    {
        int what = _random.Next(10);
        if (what < 3 || _services.Count < 3)
        {
            Service service = NewService(new($"ns-{_random.Next(3)}", string.Create(CultureInfo.InvariantCulture, $"svc-{_names++}")));
            _services[service.Name] = service;
            return (service, null, service.Name, true);
        }

        NamespacedName name = Pick(_services.Keys);
        if (what == 3)
        {
            _services.Remove(name);
            return (null, null, name, true);
        }

        if (what == 4)
        {
            Service changed = NewService(name);
            _services[name] = changed;
            return (changed, null, name, true);
        }

        if (what == 5 && _slices.Count != 0)
        {
            NamespacedName slice = Pick(_slices.Keys);
            _slices.Remove(slice);
            return (null, null, slice, false);
        }

        EndpointSlice updated = NewSlice(_services[name]);
        _slices[updated.Name] = updated;
        return (null, updated, updated.Name, false);
    }

    /// <summary>Makes several random changes and applies them to a state.</summary>
    public void ApplyChanges(ClusterState state, int count)
    {
        for (; count > 0; count--)
        {
            ApplyChange(state);
        }
    }

    /// <summary>Makes one random change and applies it to a state.</summary>
    public void ApplyChange(ClusterState state)
    {
        (Service? service, EndpointSlice? slice, NamespacedName name, bool isService) = Change();
        if (service is not null)
        {
            state.Set(service, []);
        }
        else if (slice is not null)
        {
            state.Set(slice);
        }
        else if (isService)
        {
            state.RemoveService(name);
        }
        else
        {
            state.RemoveSlice(name);
        }
    }

    public Service NewService(NamespacedName name)
    {
        string type = Pick("ClusterIP", "NodePort", "LoadBalancer");
        bool dual = _random.Next(3) == 0;
        EquatableArray<string> clusterIPs = dual ? [IPv4("10.96"), IPv6("96")] : _random.Next(4) == 0 ? [IPv6("96")] : [IPv4("10.96")];
        List<ServicePort> ports = [];
        int count = _random.Next(1, 4);
        for (int index = 0; index < count; index++)
        {
            ports.Add(new ServicePort
            {
                Name = count == 1 && _random.Next(2) == 0 ? "" : $"p{index}",
                Protocol = s_protocols[_random.Next(3)],
                Port = 1000 + index,
                NodePort = type == "ClusterIP" ? 0 : 30000 + _random.Next(2000),
            });
        }

        return new Service
        {
            Name = name,
            Type = type,
            ClusterIP = clusterIPs[0],
            ClusterIPs = clusterIPs,
            IpFamilies = EquatableArray.Adopt<string>([.. clusterIPs.AsSpan().ToArray().Select(ip => ip.Contains(':') ? "IPv6" : "IPv4")]),
            Ports = EquatableArray.CopyOf(ports),
            ExternalIPs = _random.Next(4) == 0 ? [IPv4("203.0"), IPv6("203")] : [],
            LoadBalancerIngress = type == "LoadBalancer" ? [new LoadBalancerIngress { Ip = IPv4("198.51") }, new LoadBalancerIngress { Ip = IPv6("198") }] : [],
            LoadBalancerSourceRanges = _random.Next(3) == 0 ? ["192.0.2.0/24", "2001:db8:5::/48"] : [],
            SessionAffinity = _random.Next(4) == 0 ? "ClientIP" : "None",
            ExternalTrafficPolicy = _random.Next(2) == 0 ? "Local" : "Cluster",
            InternalTrafficPolicy = _random.Next(4) == 0 ? "Local" : "Cluster",
            HealthCheckNodePort = 32000 + _random.Next(500),
        };
    }

    public EndpointSlice NewSlice(Service service)
    {
        bool isIPv4 = _random.Next(4) != 0;
        bool areHinted = _random.Next(3) == 0;
        SliceEndpoint[] endpoints = new SliceEndpoint[_random.Next(6)];
        for (int index = 0; index < endpoints.Length; index++)
        {
            string address = isIPv4 ? IPv4("10.244") : IPv6("244");
            EndpointConditions conditions = _random.Next(4) == 0
                ? (EndpointConditions)_random.Next(8)
                : EndpointConditions.Ready | EndpointConditions.Serving;
            string node = "node-" + (char)('a' + _random.Next(3));
            endpoints[index] = new(
                IpAddress.Parse(address),
                conditions,
                node,
                areHinted ? [s_zones[_random.Next(2)]] : [],
                areHinted && _random.Next(2) == 0 ? [node] : []);
        }

        ServicePort port = service.Ports[_random.Next(service.Ports.Length)];
        _ = TransportProtocols.TryParse(port.Protocol, out TransportProtocol protocol);
        return new EndpointSlice
        {
            Name = new(service.Name.Namespace, string.Create(CultureInfo.InvariantCulture, $"{service.Name.Name}-{_random.Next(3)}")),
            ServiceName = service.Name.Name,
            AddressType = isIPv4 ? AddressType.IPv4 : AddressType.IPv6,
            Ports = [new SlicePort(port.Name, protocol, (ushort)(8000 + _random.Next(3)))],
            Endpoints = EquatableArray.Adopt(endpoints),
        };
    }

    /// <summary>A random element of a collection.</summary>
    public T Pick<T>(IReadOnlyCollection<T> items) => items.ElementAt(_random.Next(items.Count));

    /// <summary>The items in random order.</summary>
    public T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        _random.Shuffle(shuffled);
        return shuffled;
    }

    private string Pick(params string[] words) => words[_random.Next(words.Length)];

    private string IPv4(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}.{_random.Next(256)}.{_random.Next(1, 255)}");

    private string IPv6(string prefix) => string.Create(CultureInfo.InvariantCulture, $"fd00:{prefix}::{_random.Next(1, 65535):x}");
}
