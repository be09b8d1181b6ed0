using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <summary>
/// The per-service chains of some service ports with their names, each hash computed once, and the order in which
/// iptables-save lists them.
/// </summary>
internal sealed class ChainTable
{
    private readonly ServicePortRules[] _ports;
    private readonly ChainHash[] _portHashes;
    private readonly int[] _endpointStarts;
    private readonly ChainHash[] _endpointHashes;

    public ChainTable(ReadOnlySpan<ServicePortRules> ports)
    {
        _ports = ports.ToArray();
        _portHashes = new ChainHash[_ports.Length];
        _endpointStarts = new int[_ports.Length + 1];
        for (int port = 0; port < _ports.Length; port++)
        {
            _endpointStarts[port + 1] = _endpointStarts[port] + _ports[port].Endpoints.Reachable.Length;
        }

        _endpointHashes = new ChainHash[_endpointStarts[^1]];
        for (int port = 0; port < _ports.Length; port++)
        {
            _portHashes[port] = ChainHash.Of(_ports[port].Name);
            EquatableArray<Endpoint> reachable = _ports[port].Endpoints.Reachable;
            for (int endpoint = 0; endpoint < reachable.Length; endpoint++)
            {
                _endpointHashes[_endpointStarts[port] + endpoint] = ChainHash.Of(_ports[port].Name, reachable[endpoint].Target);
            }
        }

        PortsByName = SortedIndexes(_portHashes);
        EndpointsByName = SortedIndexes(_endpointHashes);
    }

    /// <summary>Number of service ports.</summary>
    public int PortCount => _ports.Length;

    /// <summary>Indexes of service ports in the order of their chain names.</summary>
    public int[] PortsByName { get; }

    /// <summary>Indexes of endpoints in the order of their chain names.</summary>
    public int[] EndpointsByName { get; }

    /// <summary>Whether any service port has a chain.</summary>
    public bool HasChains => Names().Count != 0;

    /// <summary>A service port.</summary>
    public ServicePortRules Port(int port) => _ports[port];

    /// <summary>The hash in the names of the chains of a service port.</summary>
    public ChainHash PortHash(int port) => _portHashes[port];

    /// <summary>The hash in the name of the chain of an endpoint.</summary>
    public ChainHash EndpointHash(int endpoint) => _endpointHashes[endpoint];

    /// <summary>The hashes of the reachable endpoints of a service port, in their order.</summary>
    public ReadOnlySpan<ChainHash> EndpointHashes(int port) =>
        _endpointHashes.AsSpan(_endpointStarts[port].._endpointStarts[port + 1]);

    /// <summary>The service port that an endpoint belongs to, and its position among the reachable ones.</summary>
    public (int Port, int Position) OwnerOf(int endpoint)
    {
        int found = Array.BinarySearch(_endpointStarts, endpoint);
        if (found < 0)
        {
            return (~found - 1, endpoint - _endpointStarts[~found - 1]);
        }

        // Ports without endpoints share their start with the next port that has some: take the last of the run.
        while (_endpointStarts[found + 1] == endpoint)
        {
            found++;
        }

        return (found, 0);
    }

    /// <summary>Whether a service port has a chain of a kind (spec 5.5); not for <see cref="ChainKind.Endpoint"/>.</summary>
    public static bool Has(ServicePortRules port, ChainKind kind) => kind switch
    {
        ChainKind.External => port.ServesExternalTraffic,
        ChainKind.Firewall => port.HasFirewall && port.Endpoints.HasEndpoints,
        ChainKind.Service => !port.Endpoints.Cluster.IsEmpty,
        ChainKind.Local => !port.Endpoints.Local.IsEmpty,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The names of all chains, in no particular order.</summary>
    public HashSet<ChainName> Names()
    {
        HashSet<ChainName> names = [];
        for (int port = 0; port < _ports.Length; port++)
        {
            foreach (ChainKind kind in (ReadOnlySpan<ChainKind>)[ChainKind.External, ChainKind.Firewall, ChainKind.Service, ChainKind.Local])
            {
                if (Has(_ports[port], kind))
                {
                    names.Add(new(kind, _portHashes[port]));
                }
            }
        }

        foreach (ChainHash hash in _endpointHashes)
        {
            names.Add(new(ChainKind.Endpoint, hash));
        }

        return names;
    }

    private static int[] SortedIndexes(ChainHash[] hashes)
    {
        int[] indexes = new int[hashes.Length];
        for (int index = 0; index < indexes.Length; index++)
        {
            indexes[index] = index;
        }

        Array.Sort((ChainHash[])hashes.Clone(), indexes);
        return indexes;
    }
}
