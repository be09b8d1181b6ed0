using System.Globalization;
using System.Net;

namespace KubeProxySharp.Testing.Lab;

/// <summary>
/// The lab of <see cref="LabPlan.Standard"/> with pods, servers and an agent: <c>a1</c> to <c>a3</c> on the node under test,
/// <c>b1</c> to <c>b3</c> on the second node, and a server in each node's own network.
/// </summary>
public sealed class StandardLab : IDisposable
{
    /// <summary>Port of the servers in the nodes' own network.</summary>
    public const int HostPort = 9090;

    /// <summary>The node, in JSON.</summary>
    public const string NodeObject = """
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "zone-1"}}, "spec": {},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.10"}, {"type": "InternalIP", "address": "2001:db8:2::10"}]}}
        """;

    /// <summary>The configuration by which the agent knows pods.</summary>
    public const string KnowsPods = "clusterCIDR: 10.244.0.0/16,fd00:10:244::/56\n";

    private readonly Dictionary<string, EchoServer> _servers = [];

    /// <summary>Builds the lab and starts its servers; the agent is started by the test.</summary>
    /// <param name="configuration">Configuration of the agent.</param>
    public StandardLab(string configuration)
    {
        Network = new(LabPlan.Standard);
        try
        {
            for (int i = 1; i <= 3; i++)
            {
                Serve(Network.AddPod($"a{i}", Address($"a{i}", isIPv6: false), Address($"a{i}", isIPv6: true)), $"a{i}");
                Serve(Network.AddSecondPod(Address($"b{i}", isIPv6: false), Address($"b{i}", isIPv6: true)), $"b{i}");
            }

            Network.Node.Serve("node", "192.0.2.10", HostPort);
            Network.Node.Serve("node", "2001:db8:2::10", HostPort);
            Network.Second.Serve("second", "192.0.2.11", HostPort);
            Network.Second.Serve("second", "2001:db8:2::11", HostPort);
            Agent = new(Network.Node, configuration);
            Agent.Put("node.yaml", NodeObject);
        }
        catch
        {
            Network.Dispose();
            throw;
        }
    }

    /// <summary>Its hosts.</summary>
    public LabNetwork Network { get; }

    /// <summary>Its agent.</summary>
    public LabAgent Agent { get; }

    /// <summary>The endpoint that a pod is, or the server in a node's own network.</summary>
    public static LabEndpoint Endpoint(string name) => name switch
    {
        "node" => new("192.0.2.10", "2001:db8:2::10", "node-a"),
        "second" => new("192.0.2.11", "2001:db8:2::11", "node-b"),
        _ => new(Address(name, isIPv6: false), Address(name, isIPv6: true), name[0] == 'a' ? "node-a" : "node-b"),
    };

    /// <summary>The address of a pod.</summary>
    public static string Address(string pod, bool isIPv6)
    {
        int node = pod[0] == 'a' ? 1 : 2;
        int number = 4 + int.Parse(pod.AsSpan(1), CultureInfo.InvariantCulture);
        return isIPv6 ? $"fd00:10:244:{node}::{number}" : $"10.244.{node}.{number}";
    }

    /// <summary>The place of a name: a pod, <c>node</c>, <c>outside</c>, or <c>blocked</c>, another client outside.</summary>
    public LabClient Client(string name, bool isIPv6) => name switch
    {
        "node" => new(Network.Node, null),
        "outside" => new(Network.Outside, LabAddress.Parse(isIPv6 ? "2001:db8:113::2" : "203.0.113.2")),
        "blocked" => new(Network.Outside, LabAddress.Parse(isIPv6 ? "2001:db8:113:1::2" : "203.0.113.130")),
        _ when name[0] == 'b' => new(Network.Second, LabAddress.Parse(Address(name, isIPv6))),
        _ => new(Network.Pod(name), LabAddress.Parse(Address(name, isIPv6))),
    };

    /// <summary>Ends the servers of a pod: it refuses from now on.</summary>
    public void Silence(string pod)
    {
        _servers[pod + "/4"].Dispose();
        _servers[pod + "/6"].Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Agent.Dispose();
        Network.Dispose();
    }

    private void Serve(LabHost host, string pod)
    {
        _servers.Add(pod + "/4", host.Serve(pod, Address(pod, isIPv6: false), LabService.TargetPort));
        _servers.Add(pod + "/6", host.Serve(pod, Address(pod, isIPv6: true), LabService.TargetPort));
    }
}
