using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Testing;

/// <summary>The cluster of bench/generate.sh, made in memory: N Services of one TCP port with M endpoints each.</summary>
public static class UniformCluster
{
    /// <summary>A state with its model, up to date.</summary>
    public static (ClusterState State, RuleModelBuilder Builder) Build(int services, int endpoints)
    {
        ClusterState state = new(allowExternalIPs: true);
        for (int number = 0; number < services; number++)
        {
            state.Set(NewService(number), []);
            state.Set(Slice(number, endpoints));
        }

        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
        return (state, builder);
    }

    /// <summary>The slice of a Service; with another address for its first endpoint if one is given.</summary>
    public static EndpointSlice Slice(int service, int endpoints, string? first = null)
    {
        SliceEndpoint[] list = new SliceEndpoint[endpoints];
        for (int index = 0; index < endpoints; index++)
        {
            // Room for 256 endpoints each, so that a slice can grow without taking its neighbour's addresses.
            int number = (service * 256) + index;
            list[index] = new(
                IpAddress.Parse(index == 0 && first is not null ? first : Address(128, number)),
                EndpointConditions.Ready | EndpointConditions.Serving,
                string.Create(CultureInfo.InvariantCulture, $"node-{number % 100}"),
                [],
                []);
        }

        NamespacedName name = Name(service);
        return new EndpointSlice
        {
            Name = name with { Name = name.Name + "-abcde" },
            ServiceName = name.Name,
            AddressType = AddressType.IPv4,
            Ports = [new SlicePort("http", TransportProtocol.Tcp, 8080)],
            Endpoints = EquatableArray.Adopt(list),
        };
    }

    private static Service NewService(int service) => Samples.Service with
    {
        Name = Name(service),
        ClusterIP = Address(96, service),
        ClusterIPs = [Address(96, service)],
    };

    private static NamespacedName Name(int service) => new(
        string.Create(CultureInfo.InvariantCulture, $"ns-{service % 50}"),
        string.Create(CultureInfo.InvariantCulture, $"svc-{service}"));

    /// <summary>Addresses from 10.second.0.0 on, and from 11.0.0.0 when those are used up.</summary>
    private static string Address(int second, int number)
    {
        int block = second + (number / 65536);
        return string.Create(CultureInfo.InvariantCulture, $"{10 + (block / 256)}.{block % 256}.{number / 256 % 256}.{number % 256}");
    }
}
