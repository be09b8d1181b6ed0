using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain.Legs;

/// <summary>What several legs need of an API server: the Pods that legs end at and start from, which are in the namespaces of the Services on the way.</summary>
internal static class LegNeeds
{
    /// <summary>The namespaces of these Services, each once.</summary>
    /// <param name="options">What was asked.</param>
    /// <param name="objects">The Services of the cluster.</param>
    public static IReadOnlyCollection<string> NamespacesOfPods(ExplainOptions options, ManifestObjects objects)
    {
        SortedSet<string> namespaces = new(StringComparer.Ordinal);
        foreach (PacketDestination destination in options.Then.Select(static then => PacketDestination.Parse(then, "--then")).Prepend(PacketDestination.Parse(options.To, options.ToOption)))
        {
            if (destination.Service is { } service)
            {
                namespaces.Add(service.Namespace);
            }
            else if (destination.Address is { } address && PacketDestination.ParsePort(destination.Port) is { } port)
            {
                namespaces.UnionWith(OwnersOf(address, port, destination.Protocol ?? TransportProtocol.Tcp, objects).Select(static owner => owner.Name.Namespace));
            }
        }

        return namespaces;
    }

    /// <summary>The Services that have an address and port; those that have it as a node port, if none has the address.</summary>
    private static Service[] OwnersOf(IpAddress address, ushort port, TransportProtocol protocol, ManifestObjects objects)
    {
        Service[] owners = [.. objects.Services.Values.Where(service => HasPort(service, protocol, candidate => candidate.Port == port) && AllNodes.AddressesOf(service).Any(text => IpAddress.TryParse(text, out IpAddress of) && of == address))];
        return owners.Length != 0 ? owners : [.. objects.Services.Values.Where(service => HasPort(service, protocol, candidate => candidate.NodePort == port))];
    }

    private static bool HasPort(Service service, TransportProtocol protocol, Predicate<ServicePort> matches)
    {
        foreach (ServicePort port in service.Ports)
        {
            if (TransportProtocols.TryParse(port.Protocol, out TransportProtocol of) && of == protocol && matches(port))
            {
                return true;
            }
        }

        return false;
    }
}
